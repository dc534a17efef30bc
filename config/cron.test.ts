// Tests of cron expressions as BACKUP_SCHEDULE takes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cronExpression, nextRunMs } from "./cron.ts";
import { MalformedValue } from "./env.ts";

const at = (text: string) => Date.parse(text);

test("the next run is computed in UTC", () => {
  assert.equal(nextRunMs("0 0 * * *", at("2026-11-23T12:00:00Z")), at("2026-11-24T00:00:00Z"));
  assert.equal(nextRunMs("30 2 * * 0", at("2026-11-23T12:00:00Z")), at("2026-11-29T02:30:00Z"));
  assert.equal(nextRunMs("*/5 * * * *", at("2026-11-23T12:00:00Z")), at("2026-11-23T12:05:00Z"));
});

test("spaces around and between the fields do not matter", () => {
  assert.equal(cronExpression("  0  0 * *   * "), "0 0 * * *");
});

test("what is not an expression of five fields is refused", () => {
  for (const text of ["", "* * * *", "* * * * * *", "61 * * * *", "a b c d e", "0 0 31 2 *", "0 0 * * * /bin/sh"]) {
    assert.throws(() => cronExpression(text), MalformedValue, text);
  }
});

test("an accepted expression always has a next run in the future", () => {
  const field = fc.constantFrom("*", "0", "1", "*/2", "1-5", "3,4");
  fc.assert(
    fc.property(fc.tuple(field, field, field, field, field), fc.integer({ min: 0, max: 4e12 }), (f, now) => {
      let text: string;
      try {
        text = cronExpression(f.join(" "));
      } catch (error) {
        return error instanceof MalformedValue;
      }
      const next = nextRunMs(text, now);
      return next !== null && next > now;
    }),
    { numRuns: 50 },
  );
});
