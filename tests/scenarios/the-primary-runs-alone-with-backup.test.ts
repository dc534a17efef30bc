// Promise: any subset of the services starts, here pgmaster and backup, with the docker-compose 1.29 that users of 1.x type;
// NODE_ID follows from NODE_NAME, and barman's check passes by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { waitBarmanCheck } from "../support/barman.ts";
import { setEnvironment } from "../support/compose-file.ts";
import { ownCluster } from "../support/clusters.ts";

test("pgmaster and backup alone run with docker-compose 1.29, and NODE_ID follows from NODE_NAME", async () => {
  await using cluster = await ownCluster({
    name: "alone",
    compose: "v1",
    edit: (file) => setEnvironment(file, "pgmaster", { NODE_ID: null, NODE_NAME: "node-102" }),
  });
  await cluster.up(["pgmaster", "backup"]);
  assert.equal(await cluster.waitWhole(60_000, ["pgmaster"]), "pgmaster");
  const status = await cluster.answer("pgmaster");
  assert.deepEqual(status.node, { id: 1102, name: "node-102", host: "pgmaster" });
  assert.equal(await cluster.psql("pgmaster", "select node_id from repmgr.nodes", "replication_db"), "1102");
  await waitBarmanCheck(await cluster.container("backup"));
});
