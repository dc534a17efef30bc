// What a running node does when it is asked to lead: permission, take-over, and the end of a forced failover.
import assert from "node:assert/strict";
import { test } from "node:test";
import { says, soundRole } from "../../../tests/support/fake-cluster.ts";
import { fakeNode, orphanedStandby, started } from "../../../tests/support/fake-node.ts";
import { licenseOf, statusOf } from "../node.ts";
import { observeSurroundings, viewOf } from "../observe/surroundings.ts";
import { operatorAnswers } from "../http/operator.ts";
import { endForce } from "./force.ts";
import { takeOver } from "./hand-over.ts";
import { reserveEpoch } from "./leadership.ts";
import { askToPromote, mayEndRecovery } from "./permission.ts";
import { promoteForRepmgrd, promoteHere } from "./promote.ts";
import { Roles } from "./roles.ts";

const asked = { tieBreak: false };

test("askToPromote() takes the lease, then allows the standby with the most WAL; an unused bid expires", async () => {
  const f = await orphanedStandby();
  const permission = await askToPromote(f.node, asked);
  assert.ok(permission.ok, permission.because);
  assert.equal(f.world.held, true);
  assert.equal(statusOf(f.node).becomingPrimary, true);
  await f.clock.pass(15_100);
  assert.equal(statusOf(f.node).becomingPrimary, false);
});

test("askToPromote() refuses a standby whose last WAL is hidden from a promotion, and releases the lease", async () => {
  const f = await orphanedStandby();
  f.world.hidingFile = "000000020000000000000005";
  const permission = await askToPromote(f.node, { ...asked, asked: true });
  assert.match(permission.because, /000000020000000000000005 .* hides WAL/);
  assert.equal(f.world.held, false);
  f.world.hidingFile = null;
  assert.equal((await askToPromote(f.node, asked)).ok, true);
});

test("askToPromote() releases the lease if another node has more WAL, and leaves no bid", async () => {
  const f = await orphanedStandby();
  f.world.others.set("pg3", says("pg3", {}, { lsn: "0/9000000" }));
  const permission = await askToPromote(f.node, asked);
  assert.match(permission.because, /pg3 has newer data/);
  assert.equal(f.world.held, false);
  assert.equal(f.node.candidacy.current, null);
});

test("askToPromote() is refused without the lease, while paused, on a primary, and while another bid is under way", async () => {
  const noLease = await orphanedStandby();
  noLease.world.grants = false;
  const refusal = askToPromote(noLease.node, asked);
  await noLease.clock.pass(3_000);
  assert.match((await refusal).because, /did not get the lease: granted to pg2/);
  const paused = await orphanedStandby({}, { paused: { on: true, count: 1, atMs: 1 } });
  assert.match((await askToPromote(paused.node, asked)).because, /paused/);
  assert.equal(paused.world.held, false, "no lease is acquired in vain");
  assert.equal((await askToPromote(paused.node, { ...asked, asked: true })).ok, true, "an operator may all the same");
  const busy = await orphanedStandby();
  busy.node.candidacy.begin("another attempt");
  assert.match((await askToPromote(busy.node, asked)).because, /under way/);
  const primary = fakeNode();
  assert.match((await askToPromote(primary.node, asked)).because, /not a standby/);
});

test("repmgrd is refused if the agent itself promotes, and of two attempts at once one is refused", async () => {
  const f = await orphanedStandby();
  const [repmgrd, own] = await Promise.all([promoteForRepmgrd(f.node), promoteHere("no primary", f.node)]);
  await f.clock.pass(1_000);
  assert.match(repmgrd.because, /the agent promotes this node itself/);
  assert.equal(own, 200, "the agent's own attempt is refused and tried again later");
  assert.equal(f.world.did.filter((w) => w === "promote").length, 1);
  assert.equal(statusOf(f.node).postgres.role, "primary");
});

test("a promotion that never ends is undone: the server is ended first, then the lease is released", async () => {
  const f = await orphanedStandby();
  f.world.broken.add("promote");
  const promoting = promoteHere("no primary", f.node);
  await f.clock.pass(60_000);
  await promoting;
  assert.deepEqual(f.world.did.slice(-2), ["end", "release"]);
  assert.equal(f.node.candidacy.current, null);
});

test("before a promotion in strict mode, what the first commit waits for is in force", async () => {
  const f = await orphanedStandby({ CONSISTENCY: "strict" });
  f.world.did.length = 0;
  f.world.server = { ...f.world.server!, syncNames: "" };
  await promoteHere("no primary", f.node);
  const order = ['wait for ANY 1 ("node2", "node3")', "reload", "reserve above 1", "promote"];
  assert.deepEqual(f.world.did.filter((w) => order.includes(w)).slice(0, 4), order);
  const failing = await orphanedStandby({ CONSISTENCY: "strict" });
  failing.world.server = { ...failing.world.server!, syncNames: "" };
  failing.world.broken.add('wait for ANY 1 ("node2", "node3")');
  await promoteHere("no primary", failing.node);
  assert.ok(!failing.world.did.includes("promote"));
  assert.equal(failing.world.held, false, "another node may lead");
});

test("takeOver() waits for the last record of the old primary, and does not lead without it", async () => {
  const f = await orphanedStandby();
  const body = (afterLsn: string) => ({ from: "pg2", afterLsn, epoch: 1, because: "a switchover" });
  const late = takeOver(body("0/8000000"), f.node);
  await f.clock.pass(3_000);
  assert.match((await late).because, /the last record of pg2 at 0\/8000000 has not arrived/);
  assert.ok(!f.world.did.includes("promote"));
  const coming = takeOver(body("0/8000000"), f.node);
  await f.clock.pass(500);
  f.world.server = { ...f.world.server!, lsn: "0/8000100" };
  await f.clock.pass(500);
  assert.deepEqual(await coming, { ok: true, because: "primary on timeline 2" });
});

test("takeOver() of a node that is promoting itself already succeeds with that promotion", async () => {
  const f = await orphanedStandby();
  const own = promoteHere("no primary", f.node);
  const order = takeOver({ from: "pg2", afterLsn: "0/0", epoch: 1, because: "a stop" }, f.node);
  await f.clock.pass(1_000);
  await own;
  assert.deepEqual(await order, { ok: true, because: "primary on timeline 2" });
  assert.equal(f.world.did.filter((w) => w === "promote").length, 1);
});

test("takeOver() is refused by a node that is not a standby", async () => {
  const f = fakeNode();
  f.node.seen.serverStarted(f.node.clock.nowMs());
  f.node.doors.server.start(() => {});
  const body = { from: "pg2", afterLsn: "0/0", epoch: 1, because: "x" };
  assert.match((await takeOver(body, f.node)).because, /not a standby/);
});

test("licenseOf() and the end of recovery follow the lease", async () => {
  const f = await orphanedStandby();
  assert.equal(licenseOf(f.node), "missing");
  assert.equal((await mayEndRecovery(f.node)).ok, false);
  f.world.held = true;
  assert.equal(licenseOf(f.node), "held");
  assert.match((await mayEndRecovery(f.node)).because, /no majority of the voters has granted an epoch/);
  Object.assign(f.world, { epoch: 2, newestTimeline: 2 });
  assert.equal((await mayEndRecovery(f.node)).ok, true);
  const fresh = fakeNode({}, { everHadMajority: false });
  assert.equal((await mayEndRecovery(fresh.node)).ok, true);
});

test("a promotion by hand that began before an epoch was reserved does not end under that epoch", async () => {
  const f = await orphanedStandby();
  Object.assign(f.world, { held: true, epoch: 3, newestTimeline: 2 });
  assert.match((await mayEndRecovery(f.node)).because, /has begun timeline 2, but epoch 3 is reserved/);
});

test("viewOf() of a forced node asks for no majority and no proof", async () => {
  const f = await orphanedStandby({ CONSISTENCY: "strict" });
  const seen = await observeSurroundings(f.node);
  assert.deepEqual([viewOf(f.node, seen).quorum, viewOf(f.node, seen).strict], [true, true]);
  await f.node.memory.update((m) => ({ ...m, forced: true }));
  assert.deepEqual([viewOf(f.node, seen).quorum, viewOf(f.node, seen).strict], [false, false]);
  assert.deepEqual(viewOf(f.node, seen).otherPartners, ["pg2", "pg3"]);
});

test("endForce() ends a forced failover once a majority is back and grants the lease, not before", async () => {
  const f = fakeNode({}, { forced: true });
  await started(f);
  f.node.lease.force();
  f.world.others.clear();
  await endForce(await observeSurroundings(f.node), f.node);
  assert.deepEqual(f.world.did, ["start", "force"], "no node is back");
  f.world.others.set("pg2", says("pg2"));
  f.world.grants = false;
  await endForce(await observeSurroundings(f.node), f.node);
  assert.equal(f.node.memory.now.forced, true, "the voters do not grant the lease");
  f.world.grants = true;
  const end = await endForce(await observeSurroundings(f.node), f.node);
  assert.deepEqual([end?.why, f.node.memory.now.forced], ["lead-again", true], "its epoch is none of theirs");
  Object.assign(f.world, { held: true, epoch: 20 });
  assert.equal(await endForce(await observeSurroundings(f.node), f.node), null);
  assert.equal(f.node.memory.now.forced, false);
  assert.ok(f.world.did.includes("history: A majority counts again"));
});

const led = { epoch: 3, host: "pg2", systemIdentifier: "7", partners: ["pg1", "pg2", "pg3"] };

test("endForce() ends the server of a forced primary if the voters tell of a later leadership, and asks for no lease", async () => {
  const f = fakeNode({}, { forced: true, force: { host: "pg1", above: 1, timelines: [18] } });
  await started(f);
  f.node.lease.force();
  f.world.leaderships = [led];
  f.world.others.delete("pg3"); // it may have what pg2 wrote
  assert.deepEqual(await endForce(await observeSurroundings(f.node), f.node), { why: "demoted" });
  assert.ok(!f.world.did.includes("unforce"), f.world.did.join());
});

test("endForce() lets a forced primary go on if all nodes are in sight, and none has anything of that leadership", async () => {
  const f = fakeNode({}, { forced: true, force: { host: "pg1", above: 1, timelines: [18] } });
  await started(f);
  f.node.lease.force();
  f.world.leaderships = [led];
  await endForce(await observeSurroundings(f.node), f.node);
  assert.ok(f.world.did.includes("unforce"), f.world.did.join());
});

test("the epoch of a majority ends a force in the same write, that of its own vote does not", async () => {
  const force = { host: "pg1", above: 1, timelines: [18] };
  const f = await orphanedStandby({}, { forced: true, force });
  f.world.held = true;
  f.node.lease.force();
  await reserveEpoch(f.node);
  assert.deepEqual([f.node.memory.now.forced, f.node.memory.now.force], [true, force]);
  f.node.lease.standDown();
  f.world.did.length = 0;
  const epoch = await reserveEpoch(f.node);
  const { forced, granted } = f.node.memory.now;
  assert.deepEqual([forced, granted?.at(-1)], [false, epoch]);
  assert.deepEqual(f.node.memory.now.force, force, "until the promotion, its data is of that force");
  assert.equal(f.world.did.filter((w) => w === "memory").length, 1, "no crash comes between");
});

test("an order to force remembers the highest epoch that is known by then", async () => {
  const f = await orphanedStandby();
  f.world.leaderships = [{ ...led, epoch: 5 }];
  const order = operatorAnswers(f.node).find((a) => a.path === "/control/force");
  await order?.carryOut({});
  assert.deepEqual([f.node.memory.now.forced, f.node.memory.now.force], [true, {
    host: "pg1",
    above: 5,
    timelines: [24],
  }]);
});

test("a forced primary that a majority has overruled is not followed, and does not count", async () => {
  const f = await orphanedStandby();
  const leads = {
    forced: true,
    force: { host: "pg2", above: 0, timelines: [18] },
    lease: { ...says("pg2").lease, held: true },
  };
  f.world.others.set("pg2", says("pg2", leads, { standby: false, upstream: null, timeline: 18 }));
  assert.equal((await observeSurroundings(f.node)).primary?.host, undefined, "this node is on a later timeline");
  f.world.others.set(
    "pg2",
    says("pg2", { ...leads, force: { host: "pg2", above: 9, timelines: [18] } }, { standby: false, timeline: 18 }),
  );
  assert.equal((await observeSurroundings(f.node)).primary?.host, "pg2");
});

test("endForce() stands down if another node is the primary", async () => {
  const f = await orphanedStandby({}, { forced: true });
  const lease = { ...says("pg2").lease, held: true };
  f.world.others.set("pg2", says("pg2", { lease }, { standby: false, upstream: null }));
  await endForce(await observeSurroundings(f.node), f.node);
  assert.ok(f.world.did.includes("stand down"));
  assert.equal(f.node.memory.now.forced, false);
});

test("a standby that lost its stream long before its primary is not promoted; whichever run of its server that was", async () => {
  const f = await orphanedStandby();
  const primary = (lsn: string) =>
    f.world.others.set("pg2", says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false, lsn }));
  primary("0/3000000");
  await observeSurroundings(f.node);
  await f.clock.pass(61_000);
  f.node.seen.serverEnded();
  await started(f);
  primary("0/4000000");
  await observeSurroundings(f.node);
  f.world.others.delete("pg2");
  assert.match(
    (await askToPromote(f.node, asked)).because,
    /cut off from its primary for 61.0 s and lacks at least 16.0 MB/,
  );
  assert.equal(f.world.held, false);
  assert.equal((await askToPromote(f.node, { ...asked, asked: true })).ok, true);
});

const seenBy = (host: string) => ({ peers: [], observers: [], primary: { ...origin, host } });
const origin = { systemIdentifier: "7", timeline: 1, history: null, origin: null };

test("a primary sets its roles right every 10 s, and says so; a role that is right is left alone", async () => {
  const f = await started(fakeNode());
  f.world.held = true;
  const roles = new Roles(f.node);
  await roles.keep(seenBy("pg1"));
  assert.deepEqual(f.world.did.filter((d) => /role/.test(d)), []);
  f.world.roles = [soundRole("postgres"), { ...soundRole("replication_user"), password: "wrong" }];
  await roles.keep(seenBy("pg1"));
  assert.deepEqual(f.world.did.filter((d) => /role/.test(d)), [], "not yet");
  await f.clock.pass(10_000);
  await roles.keep(seenBy("pg1"));
  assert.deepEqual(f.world.did.filter((d) => /role/.test(d)), [
    "set role replication_user",
    "history: A role was set right",
  ]);
});

test("a primary without its lease, and a standby, write no role; a standby names the difference in /status", async () => {
  const wrong = [soundRole("postgres"), { ...soundRole("replication_user"), password: "wrong" as const }];
  const late = await started(fakeNode());
  late.world.roles = wrong;
  await new Roles(late.node).keep(seenBy("pg2"));
  const standby = await orphanedStandby();
  standby.world.roles = wrong;
  await new Roles(standby.node).keep(seenBy("pg2"));
  assert.deepEqual([...late.world.did, ...standby.world.did].filter((d) => /role/.test(d)), []);
  assert.match(statusOf(standby.node).roles[0]!.because, /REPLICATION_PASSWORD of pg1 .* in pg2/);
});
