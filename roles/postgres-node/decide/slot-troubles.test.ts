import assert from "node:assert/strict";
import { test } from "node:test";
import { slotCopyTroubles, type SlotTroubleView } from "./slot-troubles.ts";

const sound: SlotTroubleView = {
  host: "pg2",
  role: "standby",
  inForce: [
    { name: "sync_replication_slots", value: "on" },
    { name: "hot_standby_feedback", value: "on" },
    { name: "wal_level", value: "logical" },
    { name: "primary_slot_name", value: "repmgr_slot_2" },
  ],
};
const found = (changes: Partial<SlotTroubleView>) =>
  slotCopyTroubles({ ...sound, ...changes }).map((t) => `${t.because}; ${t.fix}`).join("\n");
const having = (name: string, value: string) =>
  found({ inForce: sound.inForce.map((s) => s.name === name ? { name, value } : s) });

test("what keeps PostgreSQL from copying failover slots is named, with what to set", () => {
  assert.equal(found({}), "");
  assert.match(
    having("hot_standby_feedback", "off"),
    /no slot is copied to pg2: .*feedback is off; set hot_.*:on in CONFIGS/,
  );
  assert.match(having("wal_level", "replica"), /wal_level is replica; set wal_level:logical/);
  assert.match(having("primary_slot_name", ""), /primary_slot_name is empty; set USE_REPLICATION_SLOTS=1/);
  assert.equal(found({ role: "primary", inForce: [{ name: "hot_standby_feedback", value: "off" }] }), "");
  assert.equal(having("sync_replication_slots", "off"), "");
});
