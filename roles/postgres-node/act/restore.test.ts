// A node that is restored, through its whole loop: in which order things are done, and that each interruption goes on or is undone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says } from "../../../tests/support/fake-cluster.ts";
import { endLife, type FakeNode, fakeNode } from "../../../tests/support/fake-node.ts";
import { orders } from "../../../core/protocol/orders.ts";
import { neverPaused } from "../../../core/protocol/pause.ts";
import { decideTarget } from "../decide/restore.ts";
import { operatorAnswers } from "../http/operator.ts";
import { restoreAnswers } from "../http/restore-orders.ts";
import { runNode } from "../life.ts";
import { statusOf } from "../node.ts";

const order = {
  id: "r1",
  hosts: ["barman"],
  backup: "20261127T203444",
  systemIdentifier: "7",
  newestTimeline: 1,
  timeline: 1,
  stop: { at: "end" as const },
  bytes: 1,
  tablespaces: [],
  lastWal: "000000010000000000000009",
  hold: false,
  ssh: false,
  target: "the last byte that was received",
  finish: false,
  undo: false,
  orderedMs: null,
  epoch: null as number | null,
};
const paused = { on: true, count: 3, atMs: 0, restoring: "pg1" };

/** A node that was ordered to be restored; the others have newer data. */
function ordered(changes: Partial<typeof order> = {}): FakeNode {
  const f = fakeNode({}, { restore: { ...order, ...changes }, paused });
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host, {}, { timeline: 1, lsn: "0/9000000" }));
  return f;
}
const stepOf = (f: FakeNode) => statusOf(f.node).restore?.step ?? null;

test("copied with the lease, recovered as a standby of nobody, promoted under an epoch, then failover is on again", async () => {
  const f = ordered();
  f.world.kept = { names: ["r1"], bytes: 1, freeShare: 0.5 };
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  assert.equal(stepOf(f), "recovering");
  assert.equal(f.world.held, true, "no other node leads meanwhile");
  assert.ok(!f.world.did.includes("promote"), "it waits until all WAL is read");
  f.world.exhausted = true;
  await f.clock.pass(3_000);
  const did = f.world.did.filter((w) => !/^(memory|slots|register|wait for|lock files|switch)/.test(w));
  const wanted = [
    "restore 20261127T203444",
    "prepare standby of nobody",
    "start",
    "end recovery",
    "promote",
    "end restore",
  ];
  assert.deepEqual(did.filter((w) => wanted.includes(w)), wanted, did.join(", "));
  assert.ok(did.indexOf("history: Restored") > did.indexOf("end restore"));
  const { restore, lastRestore, paused: after } = f.node.memory.now;
  assert.deepEqual([restore, lastRestore?.id, lastRestore?.undone], [null, "r1", false]);
  assert.deepEqual([after.on, after.count], [false, 4]);
  assert.ok(f.node.memory.now.replaced!.timeline > order.newestTimeline, "no backup from before the restore is on it");
  assert.equal(statusOf(f.node).postgres.role, "primary");
  await endLife(f, life);
});

test("a recovery that lets nobody in yet is shown, with what it waits for, and can be undone", async () => {
  const f = ordered();
  const { data, server } = f.node.doors;
  const trouble = "barman's agent does not answer";
  data.recoveryWal = () => ({ exhausted: false, trouble });
  server.look = () => Promise.reject(new Error("the database system is starting up"));
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  assert.deepEqual([stepOf(f), statusOf(f.node).restore?.trouble], ["recovering", trouble]);
  await f.node.memory.update((m) => ({ ...m, restore: m.restore && { ...m.restore, undo: true } }));
  await f.clock.pass(2_000);
  assert.ok(f.world.did.includes("undo r1"), f.world.did.join());
  await endLife(f, life);
});

test("held at its target until the operator has looked", async () => {
  const f = ordered({ hold: true });
  f.world.exhausted = true;
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  assert.equal(stepOf(f), "holding");
  assert.ok(!f.world.did.includes("promote"));
  await f.node.memory.update((m) => ({ ...m, restore: m.restore && { ...m.restore, finish: true } }));
  await f.clock.pass(3_000);
  assert.equal(statusOf(f.node).postgres.role, "primary");
  await endLife(f, life);
});

test("undone at its target: the old data are put back, and the node leads with them", async () => {
  const f = ordered({ hold: true });
  f.world.exhausted = true;
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host));
  await f.node.memory.update((m) => ({ ...m, restore: m.restore && { ...m.restore, undo: true } }));
  await f.clock.pass(3_000);
  assert.ok(f.world.did.includes("undo r1"));
  assert.ok(!f.world.did.includes("release"), `no standby leads before the old data do: ${f.world.did.join()}`);
  assert.deepEqual([f.node.memory.now.lastRestore?.id, f.node.memory.now.lastRestore?.undone], ["r1", true]);
  assert.equal(f.node.memory.now.paused.on, false);
  assert.equal(statusOf(f.node).postgres.role, "primary");
  await endLife(f, life);
});

test("a lease that is lost while the operator looks is acquired again, and nothing is promoted without it", async () => {
  const f = ordered({ hold: true });
  f.world.exhausted = true;
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  Object.assign(f.world, { held: false, grants: false });
  await f.node.memory.update((m) => ({ ...m, restore: m.restore && { ...m.restore, finish: true } }));
  await f.clock.pass(5_000);
  assert.match(statusOf(f.node).restore?.trouble ?? "", /a restore needs the lease, .*granted to pg2/);
  assert.ok(!f.world.did.includes("end recovery"));
  f.world.grants = true;
  await f.clock.pass(3_000);
  assert.equal(f.world.held, true);
  assert.equal(statusOf(f.node).postgres.role, "primary");
  await endLife(f, life);
});

test("until it leads, a node that is restored says nothing of how far its data reach, and so proves nothing", async () => {
  const f = ordered({ hold: true });
  f.world.exhausted = true;
  const positionOf = () => {
    const { timeline, lsn } = statusOf(f.node).postgres;
    return { timeline, lsn };
  };
  const none = { timeline: null, lsn: null };
  const life = runNode(f.node);
  assert.deepEqual(positionOf(), none);
  await f.clock.pass(5_000);
  assert.equal(stepOf(f), "holding");
  assert.deepEqual(positionOf(), none);
  f.world.held = false; // it was frozen, for example
  const status = statusOf(f.node);
  const other = fakeNode({ CONSISTENCY: "strict", NODE_ID: "3", NODE_NAME: "node3", CLUSTER_NODE_NETWORK_NAME: "pg3" });
  other.world.others = new Map([["pg1", { ...status, certain: true, paused: neverPaused }]]);
  const waits = runNode(other.node);
  await other.clock.pass(3_000);
  assert.match(statusOf(other.node).because, /1 of 3 nodes .* cannot prove/);
  await endLife(other, waits);
  await f.node.memory.update((m) => ({ ...m, restore: m.restore && { ...m.restore, finish: true } }));
  await f.clock.pass(3_000);
  assert.equal(positionOf().timeline, 2);
  await endLife(f, life);
});

test("a former primary that comes back learns from the others that a node is being restored, and does not lead", async () => {
  const f = fakeNode();
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host, { paused: { ...paused, restoring: "pg2" } }));
  const life = runNode(f.node);
  await f.clock.pass(3_000);
  assert.match(statusOf(f.node).because, /pg2 is being restored from a backup/);
  assert.ok(!f.world.did.includes("start"), f.world.did.join());
  assert.deepEqual(statusOf(f.node).paused, { ...paused, restoring: "pg2" }, "it tells others");
  f.world.others.clear();
  const force = operatorAnswers(f.node).find((a) => a.path === orders.force.path)!;
  await assert.rejects(force.carryOut({}), /pg2 is being restored from a backup/);
  await endLife(f, life);
});

test("a promotion by hand while the operator looks ends no restore", async () => {
  const f = ordered({ hold: true });
  f.world.data = cluster({
    restored: "r1",
    position: { timeline: 2, lsn: "0/4000000" },
    parent: { timeline: 1, lsn: "0/3000000" },
  });
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  assert.notEqual(f.node.memory.now.restore, null);
  assert.equal(f.node.memory.now.paused.on, true);
  assert.match(statusOf(f.node).restore?.trouble ?? "", /promoted by hand/);
  assert.ok(!f.world.did.includes("start"), f.world.did.join());
  await endLife(f, life);
});

test("a target that is not reached when all WAL is read is named, and nothing is promoted", async () => {
  const f = fakeNode({}, { restore: { ...order, stop: { at: "record", lsn: "0/F000000", included: true } }, paused });
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host));
  f.world.exhausted = true;
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  assert.match(
    statusOf(f.node).restore?.trouble ?? "",
    /the target was not reached: type postdock barman restore abort/,
  );
  assert.ok(!f.world.did.includes("promote"));
  await endLife(f, life);
});

test("a copy that fails is tried again, and its trouble is in /status; without the lease nothing is copied", async () => {
  const f = ordered();
  f.world.broken.add("restore 20261127T203444");
  const life = runNode(f.node);
  await f.clock.pass(1_000);
  assert.match(statusOf(f.node).restore?.trouble ?? "", /does not work/);
  f.world.broken.clear();
  await f.clock.pass(3_000);
  assert.equal(stepOf(f), "recovering");
  await endLife(f, life);

  const without = ordered();
  without.world.grants = false;
  const waits = runNode(without.node);
  await without.clock.pass(5_000);
  assert.ok(!without.world.did.some((w) => w.startsWith("restore")), without.world.did.join(", "));
  await endLife(without, waits);
});

test("a crash after the promotion, before the memory says so, ends the restore at the next start", async () => {
  const f = ordered({ epoch: 2 });
  f.world.data = cluster({ restored: "r1", position: { timeline: 2, lsn: "0/3000000" } });
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host));
  const life = runNode(f.node);
  await f.clock.pass(3_000);
  assert.ok(!f.world.did.some((w) => w.startsWith("restore")), f.world.did.join(", "));
  assert.deepEqual([f.node.memory.now.lastRestore?.id, f.node.memory.now.lastRestore?.undone], ["r1", false]);
  assert.equal(statusOf(f.node).postgres.role, "primary");
  await endLife(f, life);
});

test("an order that is given again, as by resume, begins nothing: not while the restore runs, and not after its end", async () => {
  const f = ordered();
  f.world.exhausted = true;
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  const again = restoreAnswers(f.node).find((a) => a.path === orders.restore.path)!;
  const { finish: _finish, undo: _undo, epoch: _epoch, ...given } = order;
  assert.deepEqual(await again.carryOut(given), { because: "this restore has ended" });
  assert.equal(f.node.memory.now.restore, null);
  await endLife(f, life);

  const running = ordered({ hold: true });
  const runs = runNode(running.node);
  await running.clock.pass(3_000);
  const go = restoreAnswers(running.node).find((a) => a.path === orders.restore.path)!;
  assert.deepEqual(await go.carryOut({ ...given, hosts: ["elsewhere"] }), { because: "the restore goes on" });
  assert.ok(running.world.did.includes("barman at elsewhere"));
  assert.equal(running.world.did.filter((w) => w.startsWith("restore ")).length, 1);
  await endLife(running, runs);
});

test("a restore by SSH is refused where no sshd runs, before anything stops", async () => {
  const may = (SSH_ENABLE: string) =>
    restoreAnswers(fakeNode({ SSH_ENABLE }).node).find((a) => a.path === orders.mayRestore.path)!;
  const { finish: _finish, undo: _undo, epoch: _epoch, ...given } = order;
  await assert.rejects(may("0").carryOut({ ...given, ssh: true }), /SSH_ENABLE is 0 .* set SSH_ENABLE=1/);
  for (const [enabled, ssh] of [["1", true], ["0", false]] as const) {
    assert.deepEqual(await may(enabled).carryOut({ ...given, ssh }), { because: "this node can be restored" });
  }
});

test("a marker that cannot be removed does not bring the restore back", async () => {
  const f = ordered();
  f.world.exhausted = true;
  f.world.broken.add("end restore");
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  assert.equal(f.node.memory.now.restore, null);
  assert.equal(statusOf(f.node).postgres.role, "primary");
  assert.equal(f.world.did.filter((w) => w.startsWith("restore ")).length, 1);
  await endLife(f, life);
});

test("a primary that comes up during the recovery keeps the restored node from leading", async () => {
  const f = ordered();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  const lease = { ...says("pg2").lease, held: true };
  f.world.others.set("pg2", says("pg2", { lease }, { standby: false, timeline: 3, upstream: null }));
  f.world.exhausted = true;
  await f.clock.pass(5_000);
  assert.ok(!f.world.did.includes("promote"));
  assert.match(statusOf(f.node).restore?.trouble ?? "", /pg2 is primary: type postdock barman restore abort/);
  await endLife(f, life);
});

test("a recovery that pauses before its target, or after all WAL, is not at it", () => {
  const seen = { paused: true, segmentBytes: 2 ** 24, replayLsn: "0/5000000", exhausted: false, trouble: null };
  const at = (lsn: string) => decideTarget({ at: "record", lsn, included: true }, seen);
  assert.equal(at("0/4FFFFF0").reached, true);
  assert.equal(at("0/5000000").reached, false);
  assert.match(at("0/5000000").trouble ?? "", /a setting is lower than it was on the primary/);
  const before = (lsn: string, changes = {}) =>
    decideTarget({ at: "record", lsn, included: false }, { ...seen, ...changes }).reached;
  assert.deepEqual([before("0/5000000"), before("0/5000028"), before("0/7000000")], [true, true, false]);
  assert.equal(before("0/4FFFFF0", { paused: false, exhausted: true }), true, "no record follows");
  assert.equal(before("0/5000028", { paused: false, exhausted: true }), false);
  assert.equal(decideTarget({ at: "backup" }, seen).reached, true);
  assert.equal(decideTarget({ at: "end" }, seen).reached, false);
  assert.equal(decideTarget({ at: "end" }, { ...seen, paused: false, exhausted: true }).reached, true);
});

test("where barman is now is all that resume says, and a node that is not restored does not take it", async () => {
  const f = ordered();
  const life = runNode(f.node);
  await f.clock.pass(1_000);
  const from = restoreAnswers(f.node).find((a) => a.path === orders.restoreFrom.path)!;
  await from.carryOut({ id: "r1", hosts: ["barman2"] });
  assert.deepEqual(f.node.memory.now.restore, { ...order, hosts: ["barman2"] });
  await assert.rejects(
    async () => await from.carryOut({ id: "r2", hosts: ["barman2"] }),
    /this node is not being restored/,
  );
  await endLife(f, life);
});

test("a check refuses what the order would refuse, and begins nothing", async () => {
  const f = fakeNode();
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host));
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  const check = restoreAnswers(f.node).find((a) => a.path === orders.mayRestore.path)!;
  const { finish: _, undo: __, orderedMs: ___, ...question } = order;
  await check.carryOut(question);
  assert.equal(f.node.memory.now.restore, null);
  f.node.doors.data.noPlaceFor = () => Promise.resolve("tablespace fast belongs to /spaces/fast");
  await assert.rejects(async () => await check.carryOut(question), /tablespace fast belongs to/);
  await endLife(f, life);
});
