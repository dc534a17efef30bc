// repmgr's record of a running node, repmgrd beside it, and records that no node has any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegisteredNode } from "../../../core/protocol/status.ts";
import { cluster, says, server } from "../../../tests/support/fake-cluster.ts";
import { endLife, fakeNode } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";

const record = (nodeId: number, host: string, type = "standby"): RegisteredNode => ({
  nodeId,
  nodeName: `node${host.at(-1)}`,
  host,
  port: 5432,
  type,
  upstreamNodeId: type === "primary" ? null : 1,
  active: true,
  priority: 100,
});

test("a primary removes the record of a node that has another NODE_ID now, once, and no other", async () => {
  const f = fakeNode();
  const status = says("pg2");
  f.world.others.set("pg2", { ...status, node: { ...status.node, id: 12 } });
  const records = [record(1, "pg1", "primary"), record(2, "pg2"), record(3, "pg3"), record(4, "away")];
  const { look } = f.node.doors.server;
  f.node.doors.server.look = async () => {
    const gone = f.world.did.includes("forget 2");
    return { ...await look(), registered: records.filter((r) => !gone || r.nodeId !== 2) };
  };
  const life = runNode(f.node);
  await f.clock.pass(12_000);
  assert.deepEqual(f.world.did.filter((d) => d.startsWith("forget")), ["forget 2"]);
  assert.ok(f.world.did.includes("history: Removing records of nodes that have another id now"));
  await endLife(f, life);
});

test("a standby removes nobody's record", async () => {
  const f = fakeNode();
  const primary = says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false, upstream: null });
  f.world.others.set("pg2", { ...primary, node: { ...primary.node, id: 12 } });
  f.world.server = server({ standby: true, registered: [record(1, "pg1"), record(2, "pg2")] });
  const life = runNode(f.node);
  await f.clock.pass(12_000);
  assert.ok(!f.world.did.some((d) => d.startsWith("forget")), f.world.did.join());
  await endLife(f, life);
});

test("repmgrd is started once after a registration, although the record is right before that has ended", async () => {
  const f = fakeNode();
  const leading = says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false, upstream: null });
  f.world.others.set("pg2", leading);
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  const upstream = { host: "pg2", port: 5432, streaming: true };
  f.world.server = server({ standby: true, upstream, registered: [] });
  let starts = 0;
  let end = (_ok: boolean): void => {};
  const { repmgr } = f.node.doors;
  repmgr.registerStandby = () => {
    const { id: nodeId, name: nodeName, host, priority } = f.node.config;
    const record = { nodeId, nodeName, host, priority, type: "standby", upstreamNodeId: leading.node.id, active: true };
    f.world.server = server({ standby: true, upstream, registered: [{ ...record, port: 5432 }] });
    return new Promise((resolve) => end = resolve);
  };
  let runs = false;
  Object.assign(f.node.repmgrd, {
    start: () => {
      if (!runs) starts++;
      runs = true;
    },
    stop: () => Promise.resolve(void (runs = false)),
  });
  const life = runNode(f.node);
  await f.clock.pass(20_000);
  assert.equal(starts, 0, "the registration goes on");
  end(true);
  await f.clock.pass(20_000);
  assert.equal(starts, 1);
  await endLife(f, life);
});
