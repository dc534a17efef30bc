// The moment that an operator types is read, or refused with what is accepted.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { timeText } from "../../../core/words/micros.ts";
import { parseTarget, targetText } from "./target.ts";

test("every form of a target is read", () => {
  assert.deepEqual(parseTarget("latest"), { kind: "latest" });
  assert.deepEqual(parseTarget(" immediate "), { kind: "immediate" });
  assert.deepEqual(parseTarget("0/30001a8"), { kind: "lsn", lsn: "0/30001A8" });
  assert.deepEqual(parseTarget("xid:741"), { kind: "xid", xid: 741 });
  assert.deepEqual(parseTarget("name:before the change"), { kind: "name", name: "before the change" });
});

test("times of every usual form are the same moment", () => {
  const micros = BigInt(Date.parse("2026-11-22T10:15:00Z")) * 1000n;
  for (
    const text of [
      "2026-11-22 10:15:00+00",
      "2026-11-22T10:15:00Z",
      "2026-11-22 10:15 UTC",
      "2026-11-22 12:15:00+02",
      "2026-11-22 12:15:00.000000+02:00",
      "2026-11-22 04:45:00-0530",
    ]
  ) {
    assert.deepEqual(parseTarget(text), { kind: "time", atMicros: micros }, text);
  }
  assert.equal(targetText(parseTarget("2026-11-22 12:15:00.25+02")), "2026-11-22 10:15:00.250000+00");
});

test("a time is what its text says", () => {
  fc.assert(fc.property(fc.bigInt({ min: 946_684_800_000_000n, max: 4_102_444_800_000_000n }), (micros) => {
    const target = parseTarget(timeText(micros));
    return target.kind === "time" && target.atMicros === micros;
  }));
});

test("anything else is refused, a time without its zone with the form that would be UTC", () => {
  assert.throws(() => parseTarget("2026-11-22 10:15:00"), /no time zone; 2026-11-22 10:15:00\+00 would be UTC/);
  for (
    const text of ["", "yesterday", "2026-13-01 10:00:00Z", "2026-02-30 10:00:00Z", "xid:", "xid:x", "FFFFFFFFF/0"]
  ) {
    assert.throws(() => parseTarget(text), /is not a moment to restore.*Fix: give --to latest/, text);
  }
});
