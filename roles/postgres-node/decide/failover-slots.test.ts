import assert from "node:assert/strict";
import { test } from "node:test";
import { decideFailoverSlots, type FailoverSlotView } from "./failover-slots.ts";

const view = (changes: Partial<FailoverSlotView>): FailoverSlotView => ({
  role: "primary",
  slots: [{ name: "sub", synced: false, active: true }],
  physical: [
    { name: "repmgr_slot_3", active: true },
    { name: "repmgr_slot_2", active: true },
    { name: "repmgr_slot_4", active: false },
    { name: "barman_the_backupper", active: true },
  ],
  standbySlots: "",
  fixed: false,
  ...changes,
});

test("a primary with failover slots waits for the standbys that stream, and for nobody else", () => {
  assert.equal(decideFailoverSlots(view({})).standbySlots, "repmgr_slot_2,repmgr_slot_3");
  assert.equal(decideFailoverSlots(view({ standbySlots: "repmgr_slot_2,repmgr_slot_3" })).standbySlots, null);
  assert.equal(decideFailoverSlots(view({ slots: [], standbySlots: "repmgr_slot_2" })).standbySlots, "");
  assert.equal(decideFailoverSlots(view({ slots: [] })).standbySlots, null);
  assert.equal(decideFailoverSlots(view({ fixed: true })).standbySlots, null, "CONFIGS has the last word");
});

test("on a standby, a slot that was not copied is of its own leadership; one in use stays", () => {
  const slots = [
    { name: "sub", synced: false, active: false },
    { name: "copy", synced: true, active: false },
    { name: "used", synced: false, active: true },
  ];
  const plan = decideFailoverSlots(view({ role: "standby", slots, standbySlots: "repmgr_slot_1" }));
  assert.deepEqual(plan, { leftover: ["sub"], standbySlots: "" });
  assert.deepEqual(decideFailoverSlots(view({ slots })).leftover, [], "a primary's own slots are not touched");
});
