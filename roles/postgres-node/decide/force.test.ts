// A forced failover ends under a majority, and under an epoch above all that the majority knows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decideForce, type ForceView } from "./force.ts";

const led = (epoch: number, host: string, systemIdentifier = "7") => ({ epoch, host, systemIdentifier, partners: [] });
const primary = { host: "pg2", systemIdentifier: "7", timeline: 4, history: null, origin: null };

const forced = (changes: Partial<ForceView> = {}): ForceView => ({
  self: { host: "pg1" },
  role: "primary",
  systemIdentifier: "7",
  timeline: 18,
  primary: null,
  forced: true,
  votesAlone: false,
  majority: true,
  leaderships: [led(18, "pg1"), led(3, "pg2")],
  ...changes,
});

const plan = (changes: Partial<ForceView>) => decideForce(forced(changes)).do;

test("a forced primary votes alone until a majority is back, and asks that majority for the lease", () => {
  assert.equal(plan({ forced: false }), "nothing");
  assert.equal(plan({ votesAlone: true, majority: false }), "nothing");
  assert.equal(plan({ votesAlone: true }), "ask-majority");
  assert.equal(plan({ majority: false }), "nothing");
  assert.equal(plan({}), "end");
});

test("a forced primary leads again if a voter knows of a greater epoch of this cluster", () => {
  const again = decideForce(forced({ leaderships: [led(18, "pg1"), led(21, "pg3")] }));
  assert.equal(again.do, "lead-again");
  assert.match("because" in again ? again.because : "", /timeline 18, but the voters know of epoch 21 of pg3/);
  assert.equal(plan({ leaderships: [led(18, "pg1"), led(21, "pg3", "8")] }), "end");
});

test("a forced standby stands down once another node leads", () => {
  assert.equal(plan({ role: "standby" }), "nothing");
  assert.equal(plan({ role: "standby", primary: { ...primary, host: "pg1" } }), "nothing");
  assert.equal(plan({ role: "standby", primary }), "stand-down");
});
