// A node whose server does not start, or that waits: it goes on, says why, and counts as unhealthy after a while.
import assert from "node:assert/strict";
import { test } from "node:test";
import { says } from "../../tests/support/fake-cluster.ts";
import { brokenStandby, endLife, fakeNode } from "../../tests/support/fake-node.ts";
import { Metrics } from "../../core/http/metrics.ts";
import { nodeHttp } from "./http/probes.ts";
import { runNode } from "./life.ts";
import { statusOf } from "./node.ts";

test("a node whose server never starts goes on, says why, and is healed by the first start that succeeds", async () => {
  const f = brokenStandby();
  const http = nodeHttp(f.node, new Metrics());
  const life = runNode(f.node);
  await f.clock.pass(60_000);
  assert.match(statusOf(f.node).trouble!.because, /^PostgreSQL did not start: FATAL: recovery aborted .*value was 100/);
  assert.match(statusOf(f.node).trouble!.fix, /^set max_connections:100 or more in CONFIGS of pg1/);
  assert.equal((await http.healthz()).ok, true, "not yet");
  await f.clock.pass(3_600_000);
  const starts = f.world.did.filter((w) => w === "start").length;
  assert.ok(starts > 100 && starts < 140, `${starts} starts in an hour`);
  assert.match(
    (await http.healthz()).because,
    /longer than REPMGR_WAIT_POSTGRES_START_TIMEOUT: .*max_connections = 50/,
  );
  assert.equal(f.world.did.filter((w) => w === "history: The attempt failed").length, 1, "noted once");
  Object.assign(f.node.doors.server, { start: f.start });
  await f.clock.pass(35_000);
  assert.deepEqual([statusOf(f.node).trouble, (await http.healthz()).ok], [null, true]);
  await endLife(f, life);
});

test("a node that has not started for a while on a full volume removes WAL that it can spare, and starts", async () => {
  const f = brokenStandby();
  f.world.says = ['[9] FATAL:  could not write to file "pg_wal/xlogtemp.9": No space left on device'];
  f.world.freeBytes = 1024;
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  assert.ok(!f.world.did.includes("free room"), "another node may lead first");
  await f.clock.pass(30_000);
  assert.equal(f.world.did.filter((w) => w === "free room").length, 1);
  await endLife(f, life);
});

test("a full volume on which no room can be made is named with how much is missing and what to type", async () => {
  const f = brokenStandby();
  f.world.says = ['[9] FATAL:  could not extend file "base/5/16384": No space left on device'];
  f.world.freeBytes = 1024;
  f.world.broken.add("more room");
  const life = runNode(f.node);
  await f.clock.pass(30_000);
  assert.match(statusOf(f.node).trouble!.because, /No space left on device/);
  assert.match(
    statusOf(f.node).trouble!.fix,
    /^free about 57.2 MB on the volume of pg1.* type in its container: du -xh/,
  );
  await endLife(f, life);
});

test("a stop during a long pause ends the agent without an error", async () => {
  const f = brokenStandby();
  const life = runNode(f.node);
  await f.clock.pass(300_000);
  f.stop.abort("SIGTERM");
  await f.clock.pass(10);
  await life;
});

test("a node that waits for a primary does so for ever, and counts as unhealthy after WAIT_UPSTREAM_TIMEOUT", async () => {
  const f = fakeNode({ WAIT_UPSTREAM_TIMEOUT: "5", REPLICATION_PRIMARY_HOST: "pg2" });
  f.world.data = { kind: "empty" };
  f.world.others.clear();
  const life = runNode(f.node);
  await f.clock.pass(4_000);
  assert.equal(statusOf(f.node).unhealthy, null);
  await f.clock.pass(60_000);
  assert.match(statusOf(f.node).unhealthy!, /WAIT_UPSTREAM_TIMEOUT: the upstream pg2 has no cluster to clone yet/);
  f.world.others.set("pg2", says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false }));
  await f.clock.pass(2_000);
  assert.ok(f.world.did.includes("clone pg2"));
  assert.equal(statusOf(f.node).unhealthy, null);
  await endLife(f, life);
});

test("a server that answers and dies again and again is started after growing pauses", async () => {
  const f = fakeNode();
  const { start } = f.node.doors.server;
  f.node.doors.server.start = (heard) => {
    const process = start(heard);
    void f.clock.sleep(1_500).then(() => f.world.end({ code: 1, signal: null, livedMs: 1_500 }));
    return process;
  };
  const life = runNode(f.node);
  await f.clock.pass(600_000);
  const starts = f.world.did.filter((w) => w === "start").length;
  assert.ok(starts > 20 && starts < 120, `${starts} starts in ten minutes`);
  assert.match(statusOf(f.node).trouble?.because ?? "", /ended soon after its start: postgres exited with 1/);
  assert.match(statusOf(f.node).unhealthy ?? "", /REPMGR_WAIT_POSTGRES_START_TIMEOUT/);
  Object.assign(f.node.doors.server, { start });
  await f.clock.pass(60_000);
  assert.deepEqual([statusOf(f.node).trouble, statusOf(f.node).unhealthy], [null, null]);
  await endLife(f, life);
});

test("a refusal of the system while the agent works is reported as what it is, and not as an unexpected error", async () => {
  const f = fakeNode();
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  Object.assign(f.node.doors.data, { look: () => Promise.reject(full) });
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  const trouble = statusOf(f.node).trouble!;
  assert.match(trouble.because, /^A volume of this container is full/);
  assert.match(trouble.fix, /df -h/);
  assert.ok(!f.lines.some((line) => line.includes("An unexpected error")), f.lines.join("\n"));
  await endLife(f, life);
});
