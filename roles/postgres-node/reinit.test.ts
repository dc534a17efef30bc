// An operator's order to clone a node again: in whatever state the node is, and always with an end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says, server } from "../../tests/support/fake-cluster.ts";
import { brokenStandby, endLife, fakeNode } from "../../tests/support/fake-node.ts";
import { orders } from "../../core/protocol/orders.ts";
import { runNode } from "./life.ts";
import { operatorAnswers } from "./http/operator.ts";
import { type Node, statusOf } from "./node.ts";

const primary = says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false, upstream: null });
const streaming = server({ standby: true, upstream: { host: "pg2", port: 5432, streaming: true } });

/** The answer of the node to the signed order. */
const order = (node: Node): Promise<object> => {
  const answer = operatorAnswers(node).find((a) => a.path === orders.reinit.path)!;
  return answer.carryOut({});
};

test("a node that pauses because its server does not start is cloned at once, and the order ends when it streams", async () => {
  const f = brokenStandby();
  const life = runNode(f.node);
  await f.clock.pass(600_000);
  const { clone } = f.node.doors.data;
  f.node.doors.data.clone = async (from, how) => {
    await clone(from, how);
    Object.assign(f.node.doors.server, { start: f.start });
  };
  await order(f.node);
  await f.clock.pass(2_000);
  assert.ok(f.world.did.includes("clone pg2"), "the pause of 30 s was cut short");
  f.world.server = streaming;
  await f.clock.pass(2_000);
  assert.equal(statusOf(f.node).reinit?.state, "done");
  await endLife(f, life);
});

test("a clone that fails ends the order with its reason, and the data from before serve again", async () => {
  const f = fakeNode();
  f.world.others.set("pg2", primary);
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.world.broken.add("clone pg2");
  await order(f.node);
  await f.clock.pass(4_000);
  const { reinit, postgres } = statusOf(f.node);
  assert.deepEqual([reinit?.state, reinit?.because], ["failed", "clone pg2 does not work"]);
  assert.equal(postgres.role, "standby");
  f.world.broken.clear();
  await f.clock.pass(60_000);
  assert.ok(!f.world.did.includes("clone pg2"), "a failed order is not tried again");
  await endLife(f, life);
});

test("a primary, and a node without a primary in sight, refuse the order", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  await assert.rejects(order(f.node), /is the primary, or about to be/);
  await endLife(f, life);
  const lost = brokenStandby();
  lost.world.others.clear();
  const other = runNode(lost.node);
  await lost.clock.pass(2_000);
  await assert.rejects(order(lost.node), /no primary is in sight/);
  await endLife(lost, other);
});

test("data that cannot be read do not end the agent: it says so, votes, and clones when a primary comes", async () => {
  const f = fakeNode();
  f.world.others.clear();
  f.world.data = { kind: "damaged", why: "global/pg_control is empty" };
  const life = runNode(f.node);
  await f.clock.pass(600_000);
  assert.match(statusOf(f.node).trouble!.because, /cannot be read as a cluster: global\/pg_control is empty/);
  assert.match(statusOf(f.node).trouble!.fix, /postdock cluster reinit pg1/);
  assert.equal(statusOf(f.node).postgres.data, "cluster", "no other node may take it for empty");
  assert.ok(!f.world.did.some((w) => w.startsWith("clone")));
  f.world.others.set("pg2", primary);
  await f.clock.pass(60_000);
  assert.ok(f.world.did.includes("clone pg2"));
  assert.ok(f.world.did.includes("history: Rejoined"), f.world.did.join());
  await endLife(f, life);
});

test("a standby whose data are broken is cloned three times by itself, and then only when it is ordered", async () => {
  const f = brokenStandby();
  f.world.says = ["2026-01-01 00:00:00.000 UTC [7] PANIC:  could not locate a valid checkpoint record at 0/3000028"];
  const life = runNode(f.node);
  await f.clock.pass(3_600_000);
  assert.equal(f.world.did.filter((w) => w === "clone pg2").length, 3, "clones do not help");
  assert.match(statusOf(f.node).trouble!.because, /could not locate a valid checkpoint record/);
  await order(f.node);
  await f.clock.pass(2_000);
  assert.equal(f.world.did.filter((w) => w === "clone pg2").length, 4);
  await endLife(f, life);
});

test("a standby that runs and lets nobody in, since its files are missing, is ended and cloned", async () => {
  const f = fakeNode();
  f.world.others.set("pg2", primary);
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  f.node.doors.server.look = () =>
    Promise.reject(new Error('could not open file "global/pg_filenode.map": No such file or directory'));
  const life = runNode(f.node);
  await f.clock.pass(60_000);
  assert.ok(f.world.did.includes("clone pg2"), f.world.did.join());
  await endLife(f, life);
});

test("an attempt that was under way when the order came does not end it: the clone is tried next", async () => {
  const f = brokenStandby();
  const life = runNode(f.node);
  await f.clock.pass(1_000);
  const { ensureSlot } = f.node.doors.others;
  f.node.doors.others.ensureSlot = async () => {
    f.node.doors.others.ensureSlot = ensureSlot;
    f.node.reinit.order("an operator asked for a new clone");
    await f.clock.sleep(10);
    return true;
  };
  await f.clock.pass(30_000);
  assert.ok(f.world.did.includes("clone pg2"), f.world.did.join());
  await endLife(f, life);
});

test("an order for a node that is being cloned already ends with that clone", async () => {
  const f = fakeNode();
  f.world.others.set("pg2", primary);
  f.world.data = { kind: "empty" };
  const { clone } = f.node.doors.data;
  f.node.doors.data.clone = async (from, how) => {
    await f.clock.sleep(60_000);
    await clone(from, how);
  };
  const life = runNode(f.node);
  await f.clock.pass(10_000);
  await order(f.node);
  await f.clock.pass(120_000);
  assert.equal(f.world.did.filter((w) => w === "clone pg2").length, 1);
  assert.notEqual(statusOf(f.node).reinit?.state, "ordered");
  await endLife(f, life);
});
