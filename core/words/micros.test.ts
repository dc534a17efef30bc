// Times to the microsecond: written and read again, they are the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { microsOf, timeText } from "./micros.ts";

test("a fraction of any length counts in full", () => {
  const whole = 1_795_000_000n * 1_000_000n;
  const at = new Date(1_795_000_000_000).toISOString().replace(/\.\d+/, "");
  assert.deepEqual(["", "5", "000001", "123456"].map((f) => microsOf(at, f)! - whole), [0n, 500_000n, 1n, 123_456n]);
  assert.equal(microsOf("2026-13-01T00:00:00Z", ""), null);
});

test("what is written is read as the same moment", () => {
  fc.assert(fc.property(fc.bigInt(0n, 4_102_444_800_000_000n), (micros) => {
    const [, day, time, fraction = ""] = /^(\S+) (\S+)\.(\d{6})\+00$/.exec(timeText(micros))!;
    return microsOf(`${day}T${time}Z`, fraction) === micros;
  }));
});
