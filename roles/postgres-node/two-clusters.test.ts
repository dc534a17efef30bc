// A first node whose volume was emptied, and which made a cluster of its own before it saw the others: neither that cluster nor
// the true one is ever led by the other's nodes, and the true one does not wait for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says, server } from "../../tests/support/fake-cluster.ts";
import { endLife, fakeNode } from "../../tests/support/fake-node.ts";
import { orders } from "../../core/protocol/orders.ts";
import { operatorAnswers } from "./http/operator.ts";
import { runNode } from "./life.ts";
import { statusOf } from "./node.ts";

const primarySays = (host: string, changes = {}, own = {}) =>
  says(host, { lease: { ...says(host).lease, held: true }, ...changes }, { standby: false, upstream: null, ...own });

/** A node that made a cluster of its own: a primary without a lease, that no majority has joined. */
const emptied = (host: string, own = {}) =>
  says(host, { everHadMajority: false }, { standby: false, upstream: null, systemIdentifier: "99", ...own });

const silentUpstream = { host: "pg2", port: 5432, streaming: false };

test("a standby leads although the emptied first node has made a cluster of its own, which it says", async () => {
  const f = fakeNode();
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  f.world.others.set("pg2", emptied("pg2"));
  f.world.others.set("pg3", says("pg3", {}, { lsn: "0/2000000", upstream: silentUpstream }));
  const life = runNode(f.node);
  await f.clock.pass(3_000);
  f.world.server = server({ standby: true, upstream: silentUpstream });
  await f.clock.pass(20_000);
  assert.ok(f.world.did.includes("promote"), f.world.did.join());
  await endLife(f, life);
});

test("a former primary starts beside the emptied node, and beside two of them with a majority of voters, and a standby", async () => {
  for (
    const others of [[emptied("pg2")], [emptied("pg2"), emptied("pg3", { standby: true, upstream: silentUpstream })]]
  ) {
    const f = fakeNode();
    for (const status of others) f.world.others.set(status.node.host, status);
    const life = runNode(f.node);
    await f.clock.pass(10_000);
    assert.equal(statusOf(f.node).postgres.role, "primary", f.world.did.join());
    await endLife(f, life);
  }
});

test("beside another cluster that a majority has joined, too, a node refuses as before", async () => {
  const f = fakeNode();
  f.world.others.set("pg2", says("pg2", {}, { systemIdentifier: "99" }));
  await assert.rejects(runNode(f.node), { name: "OperatorError", why: /belong to two clusters/ });
});

test("a node without partners refuses beside another cluster, whatever its volume remembers of a majority", async () => {
  const f = fakeNode({ PARTNER_NODES: "", REPLICATION_PRIMARY_HOST: "pg2" });
  f.world.others = new Map([["pg2", emptied("pg2")]]);
  await assert.rejects(runNode(f.node), { name: "OperatorError", why: /belong to two clusters/ });
});

test("the emptied node gets no lease beside nodes of a majority, and says once what happened and what to do", async () => {
  const f = fakeNode({}, { everHadMajority: false, systemIdentifier: "" });
  f.world.data = { kind: "empty" };
  f.world.others.clear();
  Object.assign(f.world, { grants: false, leaderships: [] });
  const life = runNode(f.node);
  await f.clock.pass(6_000);
  assert.equal(statusOf(f.node).postgres.role, "primary");
  f.world.others.set("pg2", primarySays("pg2", {}, { systemIdentifier: "99" }));
  await f.clock.pass(3_000);
  f.world.others.set("pg2", says("pg2", {}, { systemIdentifier: "99", upstream: silentUpstream })); // it has lost the lease
  f.world.grants = true;
  await f.clock.pass(60_000);
  assert.equal(f.world.held, false);
  const said = f.world.did.filter((d) => d === "history: This node serves a cluster of its own");
  assert.equal(said.length, 1, f.world.did.join());
  await endLife(f, life);
});

test("an empty first node makes no cluster where a voter has granted an epoch, until an operator forces it", async () => {
  const f = fakeNode({}, { everHadMajority: false, systemIdentifier: "" });
  f.world.data = { kind: "empty" };
  f.world.others.clear();
  Object.assign(f.world, { grants: false, grantedBy: "barman", leaderships: [] });
  const life = runNode(f.node);
  await f.clock.pass(20_000);
  assert.ok(!f.world.did.includes("bootstrap"), f.world.did.join());
  assert.match(statusOf(f.node).because, /the voter barman has granted an epoch.*failover --force pg1/);
  const force = operatorAnswers(f.node).find((a) => a.path === orders.force.path)!;
  const answering = force.carryOut({});
  await f.clock.pass(3_000);
  assert.deepEqual(await answering, { because: "the empty node makes a fresh cluster" });
  assert.ok(f.world.did.includes("bootstrap"), f.world.did.join());
  await endLife(f, life);
});

test("after a restart the emptied node refuses with what to do, and goes on voting; a standby of it is not promoted", async () => {
  const f = fakeNode({}, { everHadMajority: false });
  f.world.others.set("pg2", says("pg2", {}, { systemIdentifier: "99" }));
  f.world.others.set("pg3", says("pg3", {}, { systemIdentifier: "99" }));
  const life = runNode(f.node);
  await f.clock.pass(10_000);
  const { because, trouble } = statusOf(f.node);
  assert.match(
    because,
    /no majority has joined the cluster here \(system identifier 7\), but one has joined that of pg2/,
  );
  assert.match(trouble!.fix, /empty its volume: the node clones/);
  await endLife(f, life);

  const g = fakeNode({}, { everHadMajority: false });
  g.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  g.world.others.set("pg2", primarySays("pg2", { everHadMajority: false }));
  g.world.others.set("pg3", says("pg3", {}, { systemIdentifier: "99" }));
  const standby = runNode(g.node);
  await g.clock.pass(3_000);
  g.world.others.delete("pg2");
  g.world.others.set("pg4", says("pg3", {}, { systemIdentifier: "99" }));
  await g.clock.pass(60_000);
  assert.ok(!g.world.did.includes("promote"), g.world.did.join());
  assert.equal(g.world.held, false);
  await endLife(g, standby);
});

test("a former primary that remembers no majority starts without the lease only if no voter has granted an epoch", async () => {
  for (const grantedBy of [null, "barman"]) {
    const f = fakeNode({}, { everHadMajority: false });
    f.world.others.clear();
    Object.assign(f.world, { grants: false, grantedBy, leaderships: [] });
    const life = runNode(f.node);
    await f.clock.pass(10_000);
    assert.equal(f.world.did.includes("start"), grantedBy === null, f.world.did.join());
    if (grantedBy !== null) {
      assert.match(statusOf(f.node).because, /barman has granted an epoch.*does not remember.*failover --force pg1/);
    }
    await endLife(f, life);
  }
});
