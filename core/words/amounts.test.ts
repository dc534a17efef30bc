// Sizes and times as people read and write them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseBytes, parseDuration, sizeText } from "./amounts.ts";

test("parseBytes() counts by 1024 in any case of the unit", () => {
  const units: [string, number][] = [["", 1], ["B", 1], ["kB", 1024], ["MB", 1024 ** 2], [" gb", 1024 ** 3]];
  fc.assert(fc.property(fc.nat(100_000), fc.constantFrom(...units), (n, [unit, factor]) => {
    assert.equal(parseBytes(`${n}${unit}`), n * factor);
  }));
});

test("sizeText() has one digit after the point and the largest unit that fits", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 kB"],
    [1258291, "1.2 MB"],
    [1048575, "1.0 MB"],
    [16 * 1024 ** 2, "16.0 MB"],
    [5.5 * 1024 ** 4, "5.5 TB"],
    [-2048, "-2.0 kB"],
  ];
  for (const [bytes, text] of cases) assert.equal(sizeText(bytes), text);
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
    const [number = "", unit = ""] = sizeText(bytes).split(" ");
    const back = Number(number) * 1024 ** ["B", "kB", "MB", "GB", "TB"].indexOf(unit);
    assert.ok(Number(number) < 1024 || unit === "TB");
    assert.ok(Math.abs(back - bytes) <= Math.max(bytes * 0.06, 0.5), `${bytes} is ${number} ${unit}`);
  }));
});

test("parseDuration() takes a number of seconds, or one with a unit", () => {
  const cases: [string, number | undefined][] = [
    ["90", 90_000],
    ["1.5m", 90_000],
    ["500ms", 500],
    [" 2 h ", 7_200_000],
    ["0", 0],
    ["", undefined],
    ["-1s", undefined],
    ["5 minutes", undefined],
    ["1e3", undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});
