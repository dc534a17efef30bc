// A primary notes once that the loss of one more voter would stop it, after it has lasted, and once that it is over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeNode } from "../../../tests/support/fake-node.ts";
import { safetyLost } from "../decide/failover-safety.ts";
import { watchFailoverSafety } from "./failover-safety.ts";

test("safetyLost() leaves room for one more loss: of three voters none may refuse, of five one may", () => {
  const lost = (voters: number, refusing: number, held = true) =>
    safetyLost({ held, voters, refusals: Array.from({ length: refusing }, (_, i) => `pg${i}: silent`) }) !== null;
  assert.deepEqual([0, 1].map((n) => lost(3, n)), [false, true]);
  assert.deepEqual([0, 1, 2].map((n) => lost(5, n)), [false, false, true]);
  assert.equal(lost(3, 1, false), false, "a standby does not judge");
});

async function watched(refusalsAt: (ms: number) => string[], ms: number, held = () => true) {
  const f = fakeNode();
  const since = f.clock.nowMs();
  Object.assign(f.node.lease, { held, refusalTexts: () => refusalsAt(f.clock.nowMs() - since) });
  const ended = watchFailoverSafety(f.node);
  await f.clock.pass(ms);
  f.stop.abort("SIGQUIT");
  await f.clock.pass(1_000);
  await ended;
  return f.world.did;
}

test("it is noted once when it lasts, and once when it is over", async () => {
  const did = await watched((now) => now < 20_000 ? ["pg3: silent"] : [], 40_000);
  assert.deepEqual(did, ["history: Failover safety lost", "history: Failover safety restored"]);
});

test("a voter that restarts is not noted", async () => {
  assert.deepEqual(await watched((now) => now % 8_000 < 4_000 ? ["pg3: silent"] : [], 40_000), []);
});

test("a node that loses the lease as well says nothing of its end", async () => {
  let held = true;
  const did = await watched(
    (now) => {
      held = now < 10_000;
      return now < 20_000 ? ["pg3: silent"] : [];
    },
    40_000,
    () => held,
  );
  assert.deepEqual(did, ["history: Failover safety lost"]);
});
