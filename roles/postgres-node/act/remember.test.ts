// What a node remembers before its server runs: that it joins a cluster which has had a majority, and nothing of another cluster.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says, server } from "../../../tests/support/fake-cluster.ts";
import { endLife, fakeNode } from "../../../tests/support/fake-node.ts";
import { licenseOf } from "../node.ts";
import { runNode } from "../life.ts";
import { forgetOtherCluster } from "./remember.ts";

const leads = (host: string) =>
  says(host, { lease: { ...says(host).lease, held: true } }, { standby: false, upstream: null });

test("a node that is cloned needs the lease before its server has been looked at, also if it then sees nobody", async () => {
  const f = fakeNode({}, { everHadMajority: false, systemIdentifier: "" });
  f.world.data = { kind: "empty" };
  f.world.others.set("pg2", leads("pg2"));
  f.world.server = null;
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  assert.ok(f.world.did.some((w) => w.startsWith("clone")), f.world.did.join());
  assert.equal(f.node.memory.now.everHadMajority, true);
  f.world.others.clear();
  f.world.held = false;
  f.world.server = server({ standby: true });
  await f.clock.pass(2_000);
  assert.equal(licenseOf(f.node), "missing");
  await endLife(f, life);
});

test("the memory of another cluster is forgotten, that of this one is kept", async () => {
  const f = fakeNode({}, { granted: [1, 2], followed: 3 });
  await forgetOtherCluster(cluster(), f.node);
  assert.deepEqual(f.node.memory.now.granted, [1, 2]);
  await forgetOtherCluster(cluster({ systemIdentifier: "8" }), f.node);
  const { everHadMajority, granted, followed, systemIdentifier } = f.node.memory.now;
  assert.deepEqual({ everHadMajority, granted, followed, systemIdentifier }, {
    everHadMajority: false,
    granted: null,
    followed: 0,
    systemIdentifier: "8",
  });
});
