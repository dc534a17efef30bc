// A forced node through its whole loop, while the network heals: its force ends at the first sight of a primary of a majority, in
// one write, before anything else is done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says, server } from "../../../tests/support/fake-cluster.ts";
import { endLife, type FakeNode, fakeNode, orphanedStandby } from "../../../tests/support/fake-node.ts";
import type { Memory } from "../state/memory.ts";
import { runNode } from "../life.ts";
import { statusOf } from "../node.ts";
import { observeSurroundings } from "../observe/surroundings.ts";
import { endForce } from "./force.ts";
import { reserveEpoch } from "./leadership.ts";

const force = { host: "pg1", above: 2, timelines: [18] };
const data = { timeline: 18, lsn: "0/5000000" };

const leads = (host: string, timeline: number, lsn = "0/7000000") =>
  says(host, { lease: { ...says(host).lease, held: true } }, { standby: false, upstream: null, timeline, lsn });

/** A node that leads alone on timeline 18, and has seen nobody; the order knew of epoch 2. */
async function leadsAlone(environment: Record<string, string> = {}): Promise<[FakeNode, Promise<void>]> {
  const f = fakeNode(environment, { forced: true, force, granted: [18] });
  f.world.others.clear();
  Object.assign(f.world, { data: cluster({ position: data }), epoch: 18, nextTimeline: 19 });
  const life = runNode(f.node);
  await f.clock.pass(3_000);
  f.world.server = server(data);
  await f.clock.pass(2_000);
  assert.deepEqual([statusOf(f.node).postgres.role, f.node.lease.alone()], ["primary", true]);
  f.world.did.length = 0;
  return [f, life];
}

/** pg2 leads by a majority, with an epoch that the order knew of, and pg3 follows it. */
function heals(f: FakeNode): void {
  f.world.grants = false;
  f.world.others.set("pg2", leads("pg2", 2));
  const follows = { timeline: 2, lsn: "0/7000000", upstream: { host: "pg2", port: 5432, streaming: true } };
  f.world.others.set("pg3", says("pg3", {}, follows));
}

/** What was in the memory at each write. */
function writesOf(f: FakeNode): Pick<Memory, "forced" | "force">[] {
  const written: Pick<Memory, "forced" | "force">[] = [];
  const update = f.node.memory.update.bind(f.node.memory);
  f.node.memory.update = async (change) => {
    const changed = await update(change);
    const { forced, force } = f.node.memory.now;
    if (changed) written.push({ forced, force });
    return changed;
  };
  return written;
}

test("the force ends in one write, after the server and before the rejoin, and the vote is free again", async () => {
  const [f, life] = await leadsAlone();
  const written = writesOf(f);
  f.node.doors.data.rewind = () => Promise.resolve({ failed: "there is no common ancestor", fetched: 0 });
  let atClone: unknown = null;
  f.node.doors.data.clone = () => {
    atClone = { forced: f.node.memory.now.forced, alone: f.node.lease.alone(), force: f.node.memory.now.force };
    return Promise.reject(new Error("the connection was lost"));
  };
  heals(f);
  await f.clock.pass(5_000);
  const ended = { forced: false, force: { ...force, above: 1 } };
  assert.deepEqual(atClone, { ...ended, alone: false }, f.world.did.join(", "));
  assert.deepEqual(
    written.find((m) => !m.forced || m.force?.above !== 2),
    ended,
    "neither half is ever without the other",
  );
  const order = ["end", "memory", "stand down"].map((word) => f.world.did.indexOf(word));
  assert.deepEqual(order, order.toSorted((a, b) => a - b), f.world.did.join(", "));
  await endLife(f, life);
});

test("a forced node whose clone breaks off leads nobody, also if only one node of that majority is left", async () => {
  const [f, life] = await leadsAlone({ CONSISTENCY: "strict" });
  f.node.doors.data.rewind = () => Promise.resolve({ failed: "there is no common ancestor", fetched: 0 });
  let fail = () => {};
  f.node.doors.data.clone = () => new Promise<void>((_, no) => fail = () => no(new Error("the connection was lost")));
  heals(f);
  await f.clock.pass(20_000);
  assert.match(statusOf(f.node).doing, /cloning from pg2/);
  // pg3 dies, and pg2 restarts: it has everything that the two acknowledged
  f.world.others.delete("pg3");
  const { postgres, ...rest } = says("pg2", {}, { timeline: 2, lsn: "0/9000000" });
  const stopped = { role: "none", running: false, wasPrimary: true, upstream: null } as const;
  f.world.others.set("pg2", { ...rest, postgres: { ...postgres, ...stopped } });
  f.world.grants = true;
  f.world.did.length = 0;
  fail();
  await f.clock.pass(15_000);
  assert.ok(!f.world.did.includes("start"), f.world.did.join(", "));
  assert.equal(statusOf(f.node).overruled, false, "the voters say nothing of it");
  assert.match(statusOf(f.node).because, /another node has led by a majority/);
  await endLife(f, life);
});

test("a crash right after the clone leaves no node that leads alone", async () => {
  const [f, life] = await leadsAlone();
  f.node.doors.data.rewind = () => Promise.resolve({ failed: "there is no common ancestor", fetched: 0 });
  heals(f);
  f.node.doors.data.clearLeftovers = () => new Promise(() => {});
  await f.clock.pass(5_000);
  assert.ok(f.world.did.includes("clone pg2"), f.world.did.join(", "));
  const g = fakeNode({}, f.node.memory.now);
  g.world.others.clear();
  g.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2", position: { timeline: 2, lsn: "0/7000000" } });
  const again = runNode(g.node);
  await g.clock.pass(30_000);
  assert.deepEqual([statusOf(g.node).postgres.role, g.node.lease.alone()], ["standby", false], g.world.did.join(", "));
  await endLife(g, again);
  f.node.doors.data.clearLeftovers = () => Promise.resolve();
  f.stop.abort("SIGQUIT");
  void life;
});

test("a node that follows a forced one notes a primary of a majority as well, running and at its start", async () => {
  const tag = { ...force, above: 2 };
  const f = fakeNode({}, { force: tag });
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg3", position: data });
  f.world.others.clear();
  const life = runNode(f.node);
  f.world.server = server({ standby: true, ...data, upstream: { host: "pg3", port: 5432, streaming: false } });
  await f.clock.pass(2_000);
  assert.deepEqual(f.node.memory.now.force, tag);
  f.node.doors.others.timelines = () => Promise.resolve({ history: [], origin: null });
  heals(f);
  await f.clock.pass(2_000);
  assert.deepEqual(f.node.memory.now.force, { ...tag, above: 1 });
  await endLife(f, life);

  const g = fakeNode({}, { force: tag });
  g.world.data = cluster({ position: data });
  g.node.doors.data.rewind = () => Promise.reject(new Error("the connection was lost"));
  heals(g);
  const starts = runNode(g.node);
  await g.clock.pass(100);
  assert.deepEqual(g.node.memory.now.force, { ...tag, above: 1 });
  await endLife(g, starts);
});

test("a forced standby that sees another primary yields likewise, and votes with the others", async () => {
  const f = await orphanedStandby({}, { forced: true, force });
  f.node.lease.force();
  heals(f);
  assert.equal(await endForce(await observeSurroundings(f.node), f.node), null);
  const { forced, force: after } = f.node.memory.now;
  assert.deepEqual({ forced, after, alone: f.node.lease.alone() }, {
    forced: false,
    after: { ...force, above: 1 },
    alone: false,
  });
  assert.ok(!f.world.did.includes("end"), f.world.did.join(", "));
});

test("a node that votes alone reserves no epoch without the name of its force", async () => {
  for (const remembered of [{ forced: true, force: null }, { forced: false, force }]) {
    const f = await orphanedStandby({}, remembered);
    f.node.lease.force();
    await f.node.lease.acquire();
    await assert.rejects(reserveEpoch(f.node), /votes alone, and no operator has forced it/);
    assert.ok(!f.world.did.some((w) => w.startsWith("reserve")), f.world.did.join(", "));
  }
});
