// repmgr's record of a running node, and repmgrd beside it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says, server } from "../../../tests/support/fake-cluster.ts";
import { endLife, fakeNode } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";

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
