// An order to clone a node again always ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { reinitOutcome, type ReinitProgress, type ReinitSeen } from "./reinit.ts";

const seen = (state: ReinitProgress["state"], changes: Partial<ReinitSeen> = {}): ReinitSeen => ({
  id: 7,
  status: { reinit: { id: 7, state, because: "the disk is full" }, trouble: null, because: "serving" },
  silentMs: 0,
  clonedMs: 0,
  ...changes,
});

test("a clone may take as long as it takes, as long as the node answers", () => {
  for (const state of ["ordered", "cloning", "cloned"] as const) assert.equal(reinitOutcome(seen(state)), "wait");
  assert.equal(reinitOutcome(seen("done")), "done");
});

test("a failure is passed on with its reason", () => {
  assert.deepEqual(reinitOutcome(seen("failed")), { failed: "the disk is full" });
});

test("a node that has died, or was started again, ends the order", () => {
  assert.equal(reinitOutcome(seen("cloning", { status: null, silentMs: 19_999 })), "wait");
  assert.deepEqual(reinitOutcome(seen("cloning", { status: null, silentMs: 20_000 })), {
    failed: "the node has not answered for 20 s",
  });
  assert.match(JSON.stringify(reinitOutcome(seen("cloning", { id: 8 }))), /started again meanwhile/);
  const status = { reinit: null, trouble: null, because: "waiting" };
  assert.match(JSON.stringify(reinitOutcome(seen("cloning", { status }))), /started again meanwhile/);
});

test("a clone that does not stream is a failure, with what its server says", () => {
  const { status } = seen("cloned");
  const said = { status: { ...status!, trouble: { because: "FATAL: no entry" } }, clonedMs: 60_000 };
  assert.deepEqual(reinitOutcome(seen("cloned", said)), {
    failed: "it was cloned, but does not stream: FATAL: no entry",
  });
});
