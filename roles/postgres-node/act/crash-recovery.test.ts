// Through the whole loop: a node that led until it was killed lacks pages at its start as a standby, and recovers by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says } from "../../../tests/support/fake-cluster.ts";
import { endLife, type FakeNode, fakeNode } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";
import { statusOf } from "../node.ts";

const lacksPages = [
  "[20] LOG:  starting PostgreSQL",
  "[23] PANIC:  WAL contains references to invalid pages",
  "[20] LOG:  startup process (PID 23) was terminated by signal 6: Aborted",
];

/** It led on timeline 7; its server ends at each start as a standby until `heals` of them have followed a recovery. */
function killed(heals: boolean): FakeNode {
  const f = fakeNode({}, { granted: [7] });
  f.world.data = cluster({ position: { timeline: 7, lsn: "0/3000000" } });
  f.world.control = { ...f.world.control, minRecoveryEnd: { timeline: 7, lsn: "0/2000000" } };
  const { server } = f.node.doors;
  const { start } = server;
  server.start = (heard) => {
    const process = start(heard);
    if (heals && f.world.did.includes("recover alone")) return process;
    for (const line of lacksPages) heard(line);
    f.world.end({ code: 1, signal: null, livedMs: 1 });
    return process;
  };
  return f;
}

const count = (f: FakeNode, word: string) => f.world.did.filter((w) => w === word).length;

test("a node that lacks pages at its start to lead recovers once without the lease, and leads then", async () => {
  const f = killed(true);
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  const { did } = f.world;
  const at = did.indexOf("recover alone");
  assert.deepEqual(did.slice(0, at), ["prepare standby of nobody", "start", "release"]);
  assert.deepEqual(did.slice(at + 1, at + 4), [
    "history: Crash recovery completed",
    "prepare standby of nobody",
    "start",
  ]);
  assert.equal(statusOf(f.node).postgres.role, "primary");
  await endLife(f, life);
});

test("so does one that is to follow the primary of another timeline", async () => {
  const f = killed(true);
  f.world.data = cluster({ position: { timeline: 7, lsn: "0/3000000" }, wasPrimary: false, lastUpstream: "pg2" });
  const lease = { ...says("pg2").lease, held: true };
  f.world.others.set("pg2", says("pg2", { lease }, { standby: false, timeline: 7, upstream: null }));
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  assert.equal(count(f, "recover alone"), 1, f.world.did.join());
  assert.equal(statusOf(f.node).postgres.role, "standby");
  await endLife(f, life);
});

test("a recovery that changes nothing, or fails, is not tried again before a start has succeeded", async () => {
  for (const fails of [false, true]) {
    const f = killed(false);
    if (fails) f.world.broken.add("recover alone");
    let tries = 0;
    const { recoverAlone } = f.node.doors.data;
    f.node.doors.data.recoverAlone = () => (tries++, recoverAlone());
    const life = runNode(f.node);
    await f.clock.pass(60_000);
    assert.equal(tries, 1);
    assert.ok(count(f, "start") > 3);
    assert.match(statusOf(f.node).trouble?.because ?? "", /PostgreSQL did not start: PANIC: WAL contains references/);
    assert.equal(count(f, "history: The crash recovery failed"), fails ? 1 : 0);
    await endLife(f, life);
  }
});

test("processes that survive a recovery end the role, with nothing started beside them", async () => {
  const f = killed(true);
  f.node.doors.data.recoverAlone = () => {
    f.world.survives = true;
    return Promise.resolve("timed out");
  };
  const life = runNode(f.node).then(() => null, (error: Error) => error.name);
  await f.clock.pass(5_000);
  assert.equal(await life, "ServerSurvives");
  assert.equal(count(f, "start"), 1);
});
