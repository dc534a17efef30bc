// A forced failover ends under a majority, and under an epoch that it has granted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decideForce, type ForceView } from "./force.ts";

const primary = { host: "pg2", systemIdentifier: "7", timeline: 4, history: null, origin: null };

const plan = (changes: Partial<ForceView>) =>
  decideForce({
    self: { host: "pg1" },
    role: "primary",
    primary: null,
    forced: true,
    votesAlone: false,
    majority: true,
    epochGranted: true,
    overruled: false,
    led: null,
    ...changes,
  }).do;

test("a forced primary votes alone until a majority is back, and asks that majority for the lease", () => {
  assert.equal(plan({ forced: false }), "nothing");
  assert.equal(plan({ votesAlone: true, majority: false }), "nothing");
  assert.equal(plan({ votesAlone: true }), "ask-majority");
  assert.equal(plan({ majority: false }), "nothing");
});

test("a forced primary leads again under an epoch of the majority before the force ends", () => {
  assert.equal(plan({ epochGranted: false }), "lead-again");
  assert.equal(plan({}), "end");
});

test("a forced node without a primary's role yields once another node leads, by a majority or not", () => {
  for (const role of ["standby", "none", "unknown"] as const) {
    assert.equal(plan({ role }), "nothing");
    assert.equal(plan({ role, primary: { ...primary, host: "pg1" } }), "nothing");
    assert.equal(plan({ role, primary }), "yield");
  }
  assert.equal(plan({ primary, majority: false }), "nothing", "of two forced primaries neither has a majority");
});

test("a forced primary yields at the first sight of a primary of a majority, also where it sees no majority itself", () => {
  assert.equal(plan({ primary, led: 4, majority: false, votesAlone: true }), "yield");
  assert.equal(plan({ primary: { ...primary, host: "pg1" } }), "end", "it is this node");
});

test("a forced node that a majority has overruled gives up: the primary once that majority is back, others at once", () => {
  assert.equal(plan({ overruled: true }), "yield");
  assert.equal(plan({ overruled: true, votesAlone: true }), "yield");
  assert.equal(plan({ overruled: true, majority: false }), "nothing", "it serves on alone");
  assert.equal(plan({ overruled: true, role: "standby" }), "yield");
  assert.equal(plan({ overruled: true, role: "none" }), "yield");
});

test("a node that votes alone and is not forced returns to the configured voters", () => {
  assert.equal(plan({ forced: false, votesAlone: true }), "yield");
});
