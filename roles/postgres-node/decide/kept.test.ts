// Old data stay until a new backup is whole, whatever else is true; then they go in time, or for room.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decideKept, type KeptView } from "./kept.ts";

const view: KeptView = { atMs: 1_000, backup: "20261127T203444", nowMs: 2_000, keepMs: 5_000, freeShare: 0.5 };

test("kept until their time is over, then removed, with the reason", () => {
  assert.deepEqual(decideKept(view), { do: "keep", untilMs: 6_000 });
  const over = decideKept({ ...view, nowMs: 6_000 });
  assert.match(over.do === "remove" ? over.because : "", /20261127T203444.*is whole, and RESTORE_KEEP_DAYS is over/);
});

test("removed earlier where the volume needs the room", () => {
  const full = decideKept({ ...view, freeShare: 0.04 });
  assert.match(full.do === "remove" ? full.because : "", /only 4 % of the volume is free/);
});

test("never removed before a base backup from after the restore is whole", () => {
  const number = fc.double({ noNaN: true });
  fc.assert(fc.property(number, number, number, number, (atMs, nowMs, keepMs, freeShare) => {
    const plan = decideKept({ atMs, backup: null, nowMs, keepMs, freeShare });
    return plan.do === "keep" && plan.untilMs === null;
  }));
});
