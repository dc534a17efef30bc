// The loop of a node with fake doors: what it does, in order, from its start to its stop.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../../tests/support/fake-clock.ts";
import { cluster, says, server } from "../../tests/support/fake-cluster.ts";
import { endLife, fakeNode } from "../../tests/support/fake-node.ts";
import { runNode } from "./life.ts";
import { licenseOf, statusOf } from "./node.ts";

/** The part of a list from one word on, up to another. */
const between = (did: readonly string[], first: string, last: string): string[] => {
  const from = did.indexOf(first);
  return from < 0 ? [] : did.slice(from, did.indexOf(last, from) + 1);
};

test("a fresh node without partners in sight makes a cluster and serves it as primary", async () => {
  const f = fakeNode({}, { everHadMajority: false });
  f.world.data = { kind: "empty" };
  f.world.others.clear();
  Object.assign(f.world, { grants: false, leaderships: [] });
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  assert.deepEqual(between(f.world.did, "bootstrap", "start"), [
    "bootstrap",
    "forget standbys",
    "prepare primary",
    "start",
  ]);
  assert.equal(statusOf(f.node).postgres.role, "primary");
  f.stop.abort("SIGTERM");
  await f.clock.pass(1_000);
  await life;
  assert.equal(f.world.runs, false);
});

test("a former primary without the lease does not start, and does not report that it is becoming primary", async () => {
  const f = fakeNode();
  f.world.grants = false;
  const life = runNode(f.node);
  await f.clock.pass(3_000);
  assert.ok(!f.world.did.includes("start"), f.world.did.join());
  assert.equal(licenseOf(f.node), "missing");
  assert.equal(statusOf(f.node).becomingPrimary, false);
  f.world.grants = true;
  await f.clock.pass(1_000);
  assert.ok(f.world.did.includes("start"));
  await endLife(f, life);
});

test("a primary that is stopped hands over: checkpoint, shutdown, lease, then the successor is asked", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.stop.abort("SIGTERM");
  await f.clock.pass(1_000);
  await life;
  const end = between(f.world.did, "checkpoint", "history: Handed over");
  assert.deepEqual(end, [
    "checkpoint",
    "stop SIGINT",
    "release to pg2",
    "ask /control/take-over",
    "history: Handed over",
  ]);
});

test("a primary that is stopped by SIGQUIT ends at once, without a hand-over", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.stop.abort("SIGQUIT");
  await f.clock.pass(1_000);
  await life;
  assert.ok(f.world.did.includes("stop SIGQUIT"));
  assert.ok(!f.world.did.includes("checkpoint"));
});

test("a hand-over whose shutdown was not clean is noted as a failure, and no successor is asked", async () => {
  const f = fakeNode();
  f.world.control = { ...f.world.control, state: "in production" };
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.node.orders.give({ do: "hand-over", to: "pg2", because: "an operator asked" });
  await f.clock.pass(50);
  assert.ok(f.world.did.includes("history: The hand-over failed; the nodes elect a primary"));
  assert.ok(!f.world.did.includes("ask /control/take-over"));
  await endLife(f, life);
});

test("an operator's hand-over is not overwritten by a full disk in the same moment", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.world.freeBytes = 1024;
  f.node.orders.give({ do: "hand-over", to: "pg3", because: "an operator asked" });
  await f.clock.pass(50);
  assert.ok(f.world.did.includes("release to pg3"), f.world.did.join());
  assert.ok(!f.world.did.includes("release to pg2"));
  await endLife(f, life);
});

test("a primary without room hands over to a standby that has room", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.world.freeBytes = 1024;
  f.world.others.set("pg2", says("pg2", { disk: { freeBytes: 1024, totalBytes: 2e10 } }));
  await f.clock.pass(1_100);
  assert.ok(f.world.did.includes("release to pg3"), f.world.did.join());
  await endLife(f, life);
});

test("an order that comes after its server has ended is logged, and is not carried out by the next server", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.world.end({ code: 1, signal: null, livedMs: 0 });
  f.node.orders.give({ do: "hand-over", to: "pg2", because: "an operator asked" });
  await f.clock.pass(2_000);
  assert.ok(f.lines.some((l) => l.includes("An order came too late")));
  assert.ok(!f.world.did.includes("checkpoint"));
  assert.equal(f.world.did.filter((w) => w === "start").length, 2);
  await endLife(f, life);
});

test("a server that died starts again under the lease that was kept", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.world.end({ code: null, signal: "SIGKILL", livedMs: 0 });
  await f.clock.pass(2_000);
  assert.ok(!f.world.did.includes("release"), f.world.did.join());
  assert.equal(f.world.did.filter((w) => w === "start").length, 2);
  const reserved = f.world.did.filter((w) => w.startsWith("reserve"));
  assert.deepEqual([reserved, f.world.did.includes("prepare primary")], [["reserve above 1"], true], "one epoch");
  await endLife(f, life);
});

test("a server that died and may not start again gives up the lease that was kept", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  for (const [host, status] of f.world.others) {
    f.world.others.set(host, { ...status, postgres: { ...status.postgres, lsn: "0/3000008" } });
  }
  f.world.end({ code: null, signal: "SIGKILL", livedMs: 0 });
  await f.clock.pass(2_000);
  assert.equal(f.world.did.filter((w) => w === "start").length, 1);
  assert.ok(f.world.did.includes("release"), f.world.did.join());
  await endLife(f, life);
});

test("a former primary leads under a new epoch: it starts as a standby of nobody, and its number is above all in sight", async () => {
  const f = fakeNode();
  f.world.others.set("pg3", says("pg3", {}, { timeline: 6, lsn: "0/1000000", standby: false, upstream: null }));
  f.world.others.set("pg3", {
    ...f.world.others.get("pg3")!,
    postgres: { ...f.world.others.get("pg3")!.postgres, role: "none" },
  });
  f.world.data = cluster({ position: { timeline: 6, lsn: "0/3000000" } });
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  const steps = ["prepare standby of nobody", "start", "reserve above 6", "memory", "next timeline 7", "promote"];
  assert.deepEqual(f.world.did.slice(0, steps.length), steps);
  assert.deepEqual(f.node.memory.now.granted, [7]);
  await endLife(f, life);
});

test("without an epoch from a majority the server is not promoted, the lease is given back, and it is tried again", async () => {
  const f = fakeNode();
  f.world.broken.add("reserve above 1");
  const life = runNode(f.node);
  await f.clock.pass(1_000);
  assert.ok(!f.world.did.includes("promote"), f.world.did.join());
  assert.ok(f.world.did.includes("release"), f.world.did.join());
  f.world.broken.clear();
  await f.clock.pass(3_000);
  assert.ok(f.world.did.includes("promote"), f.world.did.join());
  await endLife(f, life);
});

test("a timeline that no cluster can have reached is asked of no voter", async () => {
  const f = fakeNode();
  f.node.doors.data.newestTimeline = () => Promise.resolve(1e9);
  const life = runNode(f.node);
  await f.clock.pass(1_000);
  assert.ok(!f.world.did.some((w) => w.startsWith("reserve")), f.world.did.join());
  assert.ok(f.lines.some((l) => l.includes("so many leaderships cannot have passed")), f.lines.join("\n"));
  await endLife(f, life);
});

test("a server that began another timeline than its epoch is ended before the lease is given back", async () => {
  const f = fakeNode();
  const { makeNextTimeline } = f.node.doors.data;
  f.node.doors.data.makeNextTimeline = (own, wanted) => makeNextTimeline(own, wanted + 3);
  const life = runNode(f.node);
  await f.clock.pass(400);
  const { did } = f.world;
  assert.deepEqual(did.slice(did.indexOf("promote"), did.indexOf("promote") + 3), ["promote", "end", "release"]);
  await endLife(f, life);
});

test("a duty that fails does not end a sound server, and the duties after it are done", async () => {
  const f = fakeNode();
  f.world.broken.add("lock files");
  const life = runNode(f.node);
  await f.clock.pass(12_000);
  assert.equal(f.world.did.filter((w) => w === "start").length, 1);
  assert.ok(f.world.did.includes("register primary") && f.world.did.includes("slots"));
  assert.equal(
    f.lines.filter((l) => l.includes("A duty failed")).length,
    1,
    "logged once while the failure stays the same",
  );
  await endLife(f, life);
});

test("a primary that loses the lease is fenced, and starts only with a new one", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  Object.assign(f.world, { held: false, grants: false });
  await f.clock.pass(1_100);
  assert.ok(f.world.did.includes("end"));
  await f.clock.pass(3_000);
  assert.equal(f.world.did.filter((w) => w === "start").length, 1);
  assert.equal(statusOf(f.node).fenced !== null, true);
  await endLife(f, life);
});

test("a primary whose lease ended before its server was started again is not started", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  const { prepareStart } = f.node.doors.data;
  f.node.doors.data.prepareStart = (as, own) => {
    Object.assign(f.world, { held: false, grants: false });
    return prepareStart(as, own);
  };
  f.world.end({ code: null, signal: "SIGKILL", livedMs: 0 });
  await f.clock.pass(3_000);
  assert.ok(f.world.did.includes("prepare primary"), f.world.did.join());
  assert.equal(f.world.did.filter((w) => w === "start").length, 1);
  assert.equal(statusOf(f.node).fenced, "the lease ended before PostgreSQL started");
  await endLife(f, life);
});

test("a primary whose lease ends while it starts is fenced before it is watched", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  const { start } = f.node.doors.server;
  f.node.doors.server.start = (onTrouble) => {
    Object.assign(f.world, { held: false, grants: false });
    return start(onTrouble);
  };
  f.world.end({ code: null, signal: "SIGKILL", livedMs: 0 });
  await f.clock.pass(3_000);
  assert.equal(f.world.did.filter((w) => w === "start").length, 2);
  assert.equal(f.world.runs, false);
  assert.equal(statusOf(f.node).fenced, "the lease ended before PostgreSQL answered");
  await endLife(f, life);
});

test("the deadline of an earlier server is taken away before a standby starts", async () => {
  const f = fakeNode();
  f.world.others.set("pg2", says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false }));
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  const order: string[] = [];
  const { start } = f.node.doors.server;
  f.node.lease.disarm = () => Promise.resolve(void order.push("disarmed"));
  f.node.doors.server.start = (onTrouble) => {
    order.push("started");
    return start(onTrouble);
  };
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  assert.deepEqual(order, ["disarmed", "started"]);
  await endLife(f, life);
});

test("a server whose processes cannot be seen does not serve: nothing could end them with the lease", async () => {
  const f = fakeNode();
  f.world.data = cluster();
  f.node.doors.server.processes = () => 0;
  const life = runNode(f.node);
  const failed = assert.rejects(life, /The processes of PostgreSQL cannot be seen/);
  await f.clock.pass(3_000);
  await failed;
  assert.equal(f.world.runs, false);
});

test("a standby that is ordered to be cloned again is stopped, cloned, and started", async () => {
  const f = fakeNode();
  const primary = says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false, upstream: null });
  f.world.others.set("pg2", primary);
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  f.world.server = server({ standby: true, upstream: { host: "pg2", port: 5432, streaming: true } });
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  assert.equal(statusOf(f.node).postgres.role, "standby");
  f.node.reinit.order("an operator asked");
  f.node.activity.wake();
  await settled();
  await f.clock.pass(1_000);
  assert.deepEqual(between(f.world.did, "stop SIGINT", "clone pg2").slice(0, 2), ["stop SIGINT", "clone pg2"]);
  assert.equal(f.world.did.filter((w) => w === "start").length, 2);
  f.stop.abort("SIGTERM");
  await f.clock.pass(1_000);
  await life;
});

test("a node whose server cannot be ended ends its container with the lease in hand, and releases nothing", async () => {
  const f = fakeNode();
  const life = runNode(f.node).then(() => "ended", (error) => String(error));
  await f.clock.pass(2_000);
  f.world.survives = true;
  f.stop.abort("SIGTERM");
  await f.clock.pass(30_000);
  assert.ok(
    f.world.did.some((w) => w.includes("processes of PostgreSQL cannot be ended")),
    f.world.did.join(),
  );
  assert.ok(!f.world.did.some((w) => w.startsWith("release") || w.startsWith("ask ")));
  assert.equal(f.world.held, true);
  assert.match(await life, /cannot be ended|ended/);
});

test("after the postmaster died, its backends are ended before the fence is disarmed", async () => {
  const f = fakeNode();
  const order: string[] = [];
  const { end } = f.node.doors.server;
  f.node.doors.server.end = () => {
    order.push("ended");
    return end();
  };
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.node.lease.disarm = () => Promise.resolve(void order.push("disarmed"));
  f.world.end({ code: null, signal: "SIGKILL", livedMs: 0 });
  await f.clock.pass(500);
  assert.deepEqual(order.slice(0, 2), ["ended", "disarmed"]);
  await endLife(f, life);
});

test("a forced primary leads again, under the lease and an epoch of the majority that is back", async () => {
  const f = fakeNode({}, { forced: true, force: { host: "pg1", above: 1, timelines: [] } });
  f.world.others.clear();
  const life = runNode(f.node);
  await f.clock.pass(3_000);
  f.world.did.length = 0;
  f.world.others.set("pg2", says("pg2"));
  await f.clock.pass(3_000);
  assert.deepEqual(between(f.world.did, "unforce", "switch WAL"), [
    "unforce",
    "stop SIGINT",
    "prepare standby of nobody",
    "start",
    "reserve above 18",
    "memory",
    "history: A majority counts again",
    "next timeline 19",
    "promote",
    "history: Promoted",
    "switch WAL",
  ]);
  assert.equal(f.world.held, true);
  await endLife(f, life);
});

test("a forced node that comes back after a leadership of a majority waits, and votes with the others again", async () => {
  const f = fakeNode({}, { forced: true, force: { host: "pg1", above: 1, timelines: [18] } });
  f.world.data = cluster({ position: { timeline: 18, lsn: "0/9000000" } });
  f.world.others.clear();
  f.world.leaderships = [{ epoch: 3, host: "pg2", systemIdentifier: "7", partners: ["pg1", "pg2", "pg3"] }];
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  assert.ok(!f.world.did.includes("start") && f.world.did.includes("stand down"), f.world.did.join());
  assert.equal(f.node.memory.now.forced, false);
  assert.match(f.node.activity.because, /another node has led by a majority since/);
  assert.equal(statusOf(f.node).overruled, true);
  await endLife(f, life);
});

test("a node remembers the forced failover of the primary that it is cloned from before it is cloned", async () => {
  const f = fakeNode();
  const force = { host: "pg2", above: 1, timelines: [18] };
  const status = { forced: true, force, lease: { ...says("pg2").lease, held: true } };
  f.world.data = { kind: "empty" };
  f.world.others.set("pg2", says("pg2", status, { standby: false, upstream: null }));
  const life = runNode(f.node);
  await f.clock.pass(1_000);
  assert.deepEqual(between(f.world.did, "memory", "clone pg2"), ["memory", "clone pg2"]);
  assert.deepEqual(f.node.memory.now.force, force);
  await endLife(f, life);
});
