import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeNode, started } from "../../../tests/support/fake-node.ts";
import { server } from "../../../tests/support/fake-cluster.ts";
import { verifierOf } from "../../../core/postgres/scram.ts";
import { RoleReader } from "../tools/role-queries.ts";
import type { Sql } from "../tools/queries.ts";
import { reconnect, storePassword } from "./secrets.ts";

async function waiting(standby: boolean) {
  const f = fakeNode();
  f.world.server = server(standby ? { standby: true, upstream: { host: "pg2", port: 5432, streaming: true } } : {});
  f.world.held = !standby;
  await started(f);
  const applied: string[] = [];
  const password = f.node.secrets.add("REPLICATION_PASSWORD", "replica", "old", (value) => {
    applied.push(value);
    return Promise.resolve();
  });
  f.node.secrets.given(password, "new-one");
  f.world.did.length = 0;
  return { ...f, password, applied };
}

test("the primary with its lease stores the waiting password, and uses it from then on", async () => {
  const { node, world, password, applied } = await waiting(false);
  await storePassword(password, node);
  assert.ok(world.did.includes("set role replica"));
  assert.deepEqual([applied, password.known], [["new-one"], { inUse: "new-one", other: "old", waits: false }]);
});

test("a standby, and a primary without its lease, store nothing", async () => {
  const standby = await waiting(true);
  await assert.rejects(storePassword(standby.password, standby.node), /not the primary/);
  const unleased = await waiting(false);
  unleased.world.held = false;
  await assert.rejects(storePassword(unleased.password, unleased.node), /not the primary/);
  for (const { world, applied } of [standby, unleased]) {
    assert.deepEqual([world.did.filter((d) => d.startsWith("set role")), applied], [[], []]);
  }
});

test("a standby's receiver logs in again for the replication role only", async () => {
  const { node } = await waiting(true);
  let ended = 0;
  node.doors.server.endReceiver = () => Promise.resolve(++ended > 0);
  await reconnect("somebody", node);
  await reconnect(node.config.replicationUser, node);
  assert.equal(ended, 1);
});

test("a stored password that is the next or the former one of this node is not wrong", async () => {
  const stored = await verifierOf("new-one", Buffer.alloc(16, 1));
  const row = { name: "replica", stored, superuser: true, replication: true, login: true, limited: false };
  const sql = (() => Promise.resolve([row])) as unknown as Sql;
  const read = async (inUse: string, others: string[]) =>
    (await new RoleReader(() => ({ replica: inUse }), () => others).read(sql))[0]?.password;
  assert.equal(await read("new-one", []), "right");
  assert.equal(await read("old", ["new-one"]), "other");
  assert.equal(await read("old", ["else"]), "wrong");
  const inUse = { replica: "old" };
  const reader = new RoleReader(() => inUse);
  assert.equal((await reader.read(sql))[0]?.password, "wrong");
  inUse.replica = "new-one";
  assert.equal((await reader.read(sql))[0]?.password, "right", "another password in use is compared anew");
});
