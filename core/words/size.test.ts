// Sizes as people read and write them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseBytes } from "./size.ts";

test("parseBytes() counts by 1024 in any case of the unit", () => {
  const units: [string, number][] = [["", 1], ["B", 1], ["kB", 1024], ["MB", 1024 ** 2], [" gb", 1024 ** 3]];
  fc.assert(fc.property(fc.nat(100_000), fc.constantFrom(...units), (n, [unit, factor]) => {
    assert.equal(parseBytes(`${n}${unit}`), n * factor);
  }));
});
