// The upkeep of a running server that concerns slots and repmgrd: who gives way, what is copied, and what goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says, server } from "../../../tests/support/fake-cluster.ts";
import { endLife, type FakeNode, fakeNode } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";

const primary = says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false, upstream: null });

function standby(): FakeNode {
  const f = fakeNode();
  f.world.others.set("pg2", primary);
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  f.world.server = server({ standby: true, upstream: { host: "pg2", port: 5432, streaming: true } });
  return f;
}

test("a standby drops the slots of its own leadership once the primary answers, whether it has them or not", async () => {
  const f = standby();
  const slots = [{ name: "sub", synced: false, active: false }, { name: "other", synced: false, active: false }];
  f.node.doors.server.failoverSlots = () => Promise.resolve({ slots, standbySlots: "" });
  const { failoverSlots } = f.node.doors.others;
  f.node.doors.others.failoverSlots = () => Promise.reject(new Error("no answer"));
  const life = runNode(f.node);
  await f.clock.pass(8_000);
  assert.ok(!f.world.did.some((w) => w.startsWith("drop")), f.world.did.join());
  f.node.doors.others.failoverSlots = failoverSlots;
  await f.clock.pass(8_000);
  assert.ok(f.world.did.includes("drop sub") && f.world.did.includes("drop other"), f.world.did.join());
  assert.ok(f.world.did.includes("history: Dropping a slot of an earlier leadership"));
  await endLife(f, life);
});

test("repmgrd that stays paused goes on after a minute; a short pause is left alone", async () => {
  const f = standby();
  let paused = true;
  f.node.doors.repmgr.paused = () => Promise.resolve(paused);
  const life = runNode(f.node);
  await f.clock.pass(50_000);
  paused = false;
  await f.clock.pass(20_000);
  paused = true;
  await f.clock.pass(50_000);
  assert.ok(!f.world.did.includes("unpause"));
  await f.clock.pass(40_000);
  assert.ok(f.world.did.includes("unpause"));
  await endLife(f, life);
});

test("slots that nobody uses are dropped on a volume that is nearly full, and a checkpoint frees their WAL", async () => {
  const f = standby();
  f.world.freeBytes = 1e9;
  f.node.doors.server.slots = () => Promise.resolve([{ name: "barman_the_backupper", active: false, keptBytes: 1e9 }]);
  const life = runNode(f.node);
  await f.clock.pass(12_000);
  const at = f.world.did.indexOf("drop barman_the_backupper");
  assert.ok(at > 0 && f.world.did.indexOf("checkpoint", at) > at, f.world.did.join());
  await endLife(f, life);
});
