// What the other nodes say, weighed against what this node knows itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { says } from "../../../tests/support/fake-cluster.ts";
import { fakeNode, started } from "../../../tests/support/fake-node.ts";
import { namesOfOthers, observeSurroundings } from "./surroundings.ts";

/** pg2 says that it leads by the lease, on timeline 999. */
const boaster = says("pg2", { lease: { ...says("pg2").lease, held: true } }, {
  standby: false,
  upstream: null,
  timeline: 999,
});

test("a primary that holds the lease is the primary, whatever another node claims; one that does not gives way", async () => {
  const f = await started(fakeNode());
  f.world.others.set("pg2", boaster);
  f.world.held = true;
  assert.equal((await observeSurroundings(f.node)).primary?.host, "pg1");
  f.world.held = false;
  assert.equal((await observeSurroundings(f.node)).primary?.host, "pg2");
});

test("a node that was forced holds no majority's lease, and gives way to one that does", async () => {
  const f = await started(fakeNode({}, { forced: true }));
  f.world.others.set("pg2", boaster);
  f.world.held = true;
  assert.equal((await observeSurroundings(f.node)).primary?.host, "pg2");
});

test("the names of others are the partners, the observers and the registered nodes, never this node's own", async () => {
  const f = await started(fakeNode({ QUORUM_OBSERVERS: "pool" }));
  assert.deepEqual(namesOfOthers(f.node).toSorted(), ["pg2", "pg3", "pool"]);
  const registered = [1, 4].map((nodeId) => ({
    nodeId,
    nodeName: "",
    host: nodeId === 1 ? "pg1-by-another-name" : "pg4",
    port: 5432,
    type: "standby",
    upstreamNodeId: null,
    active: true,
    priority: 100,
  }));
  f.node.seen.serverSeen({ ...f.node.seen.now.server!, registered });
  assert.deepEqual(namesOfOthers(f.node).toSorted(), ["pg2", "pg3", "pg4", "pool"]);
});
