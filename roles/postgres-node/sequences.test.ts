// Sequences that an attack on this code found: faults, orders and ends that meet in one look. Each failed before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../../tests/support/fake-clock.ts";
import { cluster, says, server } from "../../tests/support/fake-cluster.ts";
import { endLife, type FakeNode, fakeNode, orphanedStandby, started } from "../../tests/support/fake-node.ts";
import { Metrics } from "../../core/http/metrics.ts";
import { promoteForRepmgrd, promoteHere } from "./act/promote.ts";
import { nodeHttp } from "./http/probes.ts";
import { runNode } from "./life.ts";
import { statusOf } from "./node.ts";

const primarySays = (host: string, changes = {}, own = {}) =>
  says(host, { lease: { ...says(host).lease, held: true }, ...changes }, { standby: false, upstream: null, ...own });

/** A node that runs as a standby of pg2. */
function asStandby(environment = {}, remembered = {}): FakeNode {
  const f = fakeNode(environment, remembered);
  f.world.others.set("pg2", primarySays("pg2"));
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  return f;
}

test("an order given during a look is not replaced by the full disk of that look", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  const room = f.node.doors.data.room;
  let given = false;
  f.node.doors.data.room = () => {
    if (!given) {
      given = true;
      assert.equal(f.node.orders.give({ do: "hand-over", to: "pg3", because: "an operator asked" }), true);
      return Promise.resolve({ freeBytes: 1024, totalBytes: 2e10 });
    }
    return room();
  };
  await f.clock.pass(1_100);
  assert.ok(f.world.did.includes("release to pg3"), f.world.did.join());
  await endLife(f, life);
});

test("TERM right after an operator's switchover still hands over to the node that the operator chose", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.node.orders.give({ do: "hand-over", to: "pg3", because: "an operator asked" });
  f.stop.abort("SIGTERM");
  await f.clock.pass(1_000);
  await life;
  assert.ok(f.world.did.includes("release to pg3"), f.world.did.join());
});

test("a fresh look that the server's end overtakes does not call the old position on disk certain", async () => {
  const f = asStandby();
  f.world.server = server({ standby: true, lsn: "0/9000000", upstream: { host: "pg2", port: 5432, streaming: true } });
  f.node.seen.dataFound(cluster({ wasPrimary: false }));
  await started(f);
  const http = nodeHttp(f.node, new Metrics());
  let answer = () => {};
  const said = f.world.server!;
  f.node.doors.server.look = () => new Promise((resolve) => answer = () => resolve(said));
  const looking = http.look!();
  await settled();
  f.node.seen.serverEnded();
  answer();
  const certain = await looking;
  const { lsn } = statusOf(f.node).postgres;
  assert.ok(!(certain && lsn === "0/3000000"), `certain=${certain} with lsn ${lsn}, it had 0/9000000`);
});

test("a standby whose last WAL is hidden from a promotion starts again, without that file, and is promoted then", async () => {
  const f = asStandby();
  const life = runNode(f.node);
  await f.clock.pass(3_000);
  f.world.hidingFile = "000000020000000000000005";
  await f.clock.pass(3_000);
  const starts = () => f.world.did.filter((d) => d === "start").length;
  assert.equal(starts(), 1, "while the primary is in sight it may arrive yet");
  f.world.others.delete("pg2");
  f.world.others.set("pg3", says("pg3", {}, { lsn: "0/2000000" }));
  await f.clock.pass(10_000);
  const did = f.world.did.join();
  assert.equal(starts(), 2, did);
  assert.equal(f.world.hidingFile, null);
  assert.ok(f.world.did.lastIndexOf("start") < f.world.did.indexOf("promote"), did);
  await endLife(f, life);
});

test("a standby whose memory cannot be written does not promote itself without a lease", async () => {
  const f = asStandby({}, { everHadMajority: false });
  f.world.broken.add("memory");
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  f.world.server = server({ standby: true, upstream: { host: "pg2", port: 5432, streaming: false } });
  f.world.grants = false;
  // the others forget the pg2 that is gone; pg3 answers still
  f.world.others.delete("pg2");
  f.world.others.set("pg3", says("pg3", {}, { lsn: "0/2000000" }));
  await f.clock.pass(30_000);
  assert.ok(!f.world.did.includes("promote"), f.world.did.join());
  await endLife(f, life);
});

test("a primary whose timeline's origin cannot be read is fenced all the same when it has no lease", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.world.server = { ...f.world.server!, timeline: 2 };
  f.node.doors.data.origin = () => Promise.reject(new Error("EIO: i/o error, read"));
  Object.assign(f.world, { held: false, grants: false });
  await f.clock.pass(10_000);
  assert.ok(f.world.did.includes("end") || !f.world.runs, "it is still read-write");
  await endLife(f, life);
});

test("a duty that failed is tried again, as the log says", async () => {
  const f = fakeNode();
  f.world.broken.add("lock files");
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  f.world.broken.delete("lock files");
  await f.clock.pass(30_000);
  const told = f.lines.some((l) => l.includes("it is tried again at each look"));
  const done = f.world.did.includes("lock files");
  await endLife(f, life);
  assert.ok(told && done, `told=${told}, done=${done}`);
});

test("a promotion that throws leaves no bid", async () => {
  const f = await orphanedStandby();
  f.world.broken.add("promote").add("end");
  const promoting = promoteForRepmgrd(f.node);
  await f.clock.pass(60_000);
  await promoting;
  await f.clock.pass(60_000);
  assert.equal(statusOf(f.node).becomingPrimary, false);
});

test("the end of force is not gone through again while the memory cannot be written", async () => {
  const f = fakeNode({}, { forced: true });
  const { others } = f.world;
  f.world.others = new Map();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.world.broken.add("memory");
  f.world.others = others;
  await f.clock.pass(5_000);
  const times = f.world.did.filter((w) => w === "unforce").length;
  await endLife(f, life);
  assert.ok(times <= 1, `unforce ${times} times: each drops the majority's lease and asks for it anew`);
});

test("a wake during a look is not lost", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(3_000);
  let looks = 0;
  let answer = () => {};
  const look = f.node.doors.server.look;
  f.node.doors.server.look = () => {
    looks++;
    return looks === 1 ? new Promise((resolve) => answer = () => void look().then(resolve)) : look();
  };
  await f.clock.pass(1_000);
  assert.equal(looks, 1);
  f.node.activity.wake();
  answer();
  await settled();
  await f.clock.pass(100);
  const seen = looks;
  await endLife(f, life);
  assert.equal(seen, 2, "the next pause was not skipped");
});

test("a promotion whose server was restarted meanwhile does not end the server that runs now", async () => {
  const f = fakeNode();
  const others = () => {
    f.world.others.set("pg2", says("pg2", {}, { lsn: "0/2000000" }));
    f.world.others.set("pg3", says("pg3", {}, { lsn: "0/2000000" }));
  };
  f.world.others.set("pg2", primarySays("pg2"));
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  others();
  // pg_promote() hangs, as the driver does where its connection dies
  let promotes = 0;
  f.node.doors.server.promote = async () => {
    promotes++;
    if (promotes === 1) {
      await f.clock.sleep(15_000);
      throw new Error("pg_promote() did not answer within 15000 ms");
    }
  };
  const first = promoteHere("no primary", f.node, { asked: true });
  await f.clock.pass(100);
  assert.equal(promotes, 1);
  assert.equal(statusOf(f.node).becomingPrimary, true);
  // the server dies meanwhile and starts again as a standby of a primary that is there for a moment
  f.world.others.set("pg2", primarySays("pg2"));
  f.world.end({ code: 1, signal: null, livedMs: 0 });
  await f.clock.pass(3_000);
  assert.equal(f.world.did.filter((w) => w === "start").length, 2);
  await f.clock.pass(75_000);
  await first;
  assert.equal(f.world.did.filter((w) => w === "start").length, 2, f.world.did.join());
  assert.ok(f.world.runs);
  assert.equal(f.world.held, false, "a standby keeps no lease");
  await endLife(f, life);
});

test("a new clone that was ordered for a standby is not carried out on the primary that it has become", async () => {
  const f = asStandby();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  // during the look in which the agent promotes this node, an operator orders a new clone
  const promote = f.node.doors.server.promote;
  f.node.doors.server.promote = () => {
    f.node.reinit.order("an operator asked for a new clone");
    f.node.activity.wake();
    return promote();
  };
  f.world.others.set("pg2", says("pg2", {}, { lsn: "0/2000000", upstream: null }));
  f.world.others.set("pg3", says("pg3", {}, { lsn: "0/2000000", upstream: null }));
  f.world.server = { ...f.world.server!, upstream: { host: "pg9", port: 5432, streaming: false } };
  await f.clock.pass(4_000);
  const did = f.world.did.slice(f.world.did.indexOf("promote"));
  await endLife(f, life);
  assert.ok(!did.includes("stop SIGINT"), did.join());
});

test("an ask whose bid has ended does not give back the lease that a start as primary holds", async () => {
  const f = fakeNode();
  f.world.server = server({ standby: true, upstream: { host: "pg9", port: 5432, streaming: false } });
  await started(f);
  let answer = () => {};
  const acquire = f.node.lease.acquire;
  f.node.lease.acquire = () => new Promise((resolve) => answer = () => void acquire().then(resolve));
  const asking = promoteHere("no primary", f.node);
  await settled();
  // the server dies: serveAsRole() settles; the start as primary begins its own bid and has the lease
  f.world.end({ code: 1, signal: null, livedMs: 0 });
  f.node.seen.serverEnded();
  f.node.candidacy.settle();
  const bid = f.node.candidacy.begin("a start as primary");
  assert.ok(bid);
  f.world.held = true;
  answer();
  await f.clock.pass(3_000);
  await asking;
  assert.equal(f.world.held, true, "the lease was given back under the start: " + f.world.did.join());
});

test("a strict primary that cannot say whom its commits wait for ends, or says that it is degraded", async () => {
  const f = fakeNode({ CONSISTENCY: "strict" });
  f.node.doors.data.writeSyncNames = () => Promise.reject(new Error("EROFS: read-only file system"));
  const life = runNode(f.node);
  await f.clock.pass(10_000);
  const streaming = { address: null, state: "streaming", syncState: "async", sentLsn: null, replayLsn: null };
  const downstream = ["node2", "node3"].map((applicationName) => ({ applicationName, ...streaming }));
  f.world.server = { ...f.world.server!, downstream };
  await f.clock.pass(10_000);
  const { degraded } = statusOf(f.node).consistency;
  const runs = f.world.runs && f.world.did.filter((w) => w === "start").length === 1;
  await endLife(f, life);
  assert.ok(!runs || degraded !== null, "it serves with synchronous_standby_names empty, and says that all is well");
});
