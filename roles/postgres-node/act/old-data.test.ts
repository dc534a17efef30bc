// Through the whole loop: old data stay until barman has a backup from after the restore, and are told of until they go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { orders } from "../../../core/protocol/orders.ts";
import { says } from "../../../tests/support/fake-cluster.ts";
import { endLife, type FakeNode, fakeNode } from "../../../tests/support/fake-node.ts";
import { restoreAnswers } from "../http/restore-orders.ts";
import { runNode } from "../life.ts";
import { statusOf } from "../node.ts";

const days = 86_400_000;

function keeping(): FakeNode {
  const f = fakeNode({}, { replaced: { timeline: 3, atMs: 0, backup: null } });
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host));
  f.world.kept = { names: ["r1"], bytes: 39_000_000, freeShare: 0.5 };
  return f;
}

const backedUp = async (f: FakeNode, timeline: number) =>
  await restoreAnswers(f.node).find((a) => a.path === orders.backedUp.path)!.carryOut({
    timeline,
    backup: "20261127T203444",
  });
const removed = (f: FakeNode) => f.world.did.includes("forget replaced");

test("old data stay without a backup from after the restore, also on a full volume; with one they go in time", async () => {
  const f = keeping();
  const life = runNode(f.node);
  f.world.kept = { names: ["r1"], bytes: 39_000_000, freeShare: 0.01 };
  await f.clock.pass(30_000);
  assert.equal(removed(f), false);
  assert.deepEqual(statusOf(f.node).kept, { timeline: 3, bytes: 39_000_000, sinceMs: 0, backup: null, untilMs: null });
  await assert.rejects(async () => await backedUp(f, 2), /began before timeline 3/);
  f.world.kept = { names: ["r1"], bytes: 39_000_000, freeShare: 0.5 };
  await f.clock.pass(15_000);
  await backedUp(f, 3);
  await f.clock.pass(15_000);
  assert.equal(statusOf(f.node).kept?.untilMs, 7 * days);
  assert.equal(removed(f), false);
  f.world.kept = { names: ["r1"], bytes: 39_000_000, freeShare: 0.01 };
  await f.clock.pass(15_000);
  assert.equal(removed(f), true);
  assert.equal(statusOf(f.node).kept, null);
  assert.equal(f.node.memory.now.replaced, null);
  assert.ok(f.world.did.includes("history: Old data removed"));
  await endLife(f, life);
});

test("nothing is removed while a restore is under way", async () => {
  const f = keeping();
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  await backedUp(f, 3);
  await f.node.memory.update((m) => ({ ...m, restore: { id: "r2" } as never }));
  f.world.kept = { names: ["r1"], bytes: 1, freeShare: 0.01 };
  await f.clock.pass(30_000);
  assert.equal(removed(f), false);
  await endLife(f, life);
});
