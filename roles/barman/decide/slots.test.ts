// Tests of what happens to barman's slot on each node.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareLsn, formatLsn } from "../../../core/postgres/lsn.ts";
import { decidePrimarySlot, decideStandbySlot } from "./slots.ts";

const slot = (restartLsn: string | null, change = {}) => ({ restartLsn, active: false, lost: false, ...change });

test("a missing slot is made; a slot that is lost or keeps no WAL is made again", () => {
  for (
    const decide of [
      (s: Parameters<typeof decidePrimarySlot>[0]) => decideStandbySlot(s, "0/5000000"),
      decidePrimarySlot,
    ]
  ) {
    assert.equal(decide(null).do, "create");
    assert.equal(decide(slot("0/1", { lost: true })).do, "recreate");
    assert.equal(decide(slot(null)).do, "recreate");
  }
});

test("a slot in use is not changed", () => {
  assert.equal(decideStandbySlot(slot("0/1", { active: true }), "0/5000000").do, "nothing");
  assert.equal(decidePrimarySlot(slot("0/1", { active: true })).do, "nothing");
});

test("a standby's slot only moves forward, and never beyond the primary's", () => {
  const lsn = fc.bigInt({ min: 1n, max: 1n << 40n }).map(formatLsn);
  fc.assert(fc.property(lsn, lsn, (own, primary) => {
    const action = decideStandbySlot(slot(own), primary);
    if (action.do === "advance") return action.lsn === primary && compareLsn(own, primary) < 0;
    return action.do === "nothing" && compareLsn(own, primary) >= 0;
  }));
});

test("without the primary's position nothing is moved", () => {
  assert.equal(decideStandbySlot(slot("0/1"), null).do, "nothing");
});
