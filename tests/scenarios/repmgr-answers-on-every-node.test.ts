// Promise: `repmgr cluster show` works on every node without further options and shows the whole cascade. No password
// is in repmgr's tables, in a process list or in a log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodes, services } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec, logsOf, tryExec } from "../support/docker.ts";
import { repmgrAnswers } from "../support/repmgr.ts";

test("repmgr cluster show and crosscheck answer on every node", async () => {
  const cluster = await exampleCluster();
  for (const node of nodes) {
    const shown = await repmgrAnswers(cluster, node, "show");
    const rows = shown.map((line) => line.split(",").map(Number));
    assert.deepEqual(rows.map(([id]) => id), [1, 2, 3, 4, 5]);
    assert.ok(
      rows.every(([, available, recovery]) => available === 0 && (recovery === 0 || recovery === 1)),
      shown.join("\n"),
    );
  }
  // each asks every node by SSH for what it sees of every node, and spends most of the time with that
  await Promise.all(nodes.map(async (node) => {
    const rows = await repmgrAnswers(cluster, node, "crosscheck");
    assert.equal(rows.filter((line) => line.endsWith(",0")).length, 25, rows.join("\n"));
  }));
});

test("repmgr's own switchover is refused before it stops the primary, and names what to type", async () => {
  const cluster = await exampleCluster();
  const argv = ["gosu", "postgres", "repmgr", "standby", "switchover"];
  const refused = await tryExec(await cluster.container("pgslave1"), argv);
  assert.equal(refused.code, 77, refused.stderr);
  assert.match(refused.stderr, /type postdock cluster switchover/);
});

test("no password is in repmgr's tables, the process list or the log", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const texts = new Map<string, string>();
  texts.set("repmgr.nodes", await cluster.psql(primary, "select conninfo from repmgr.nodes", "replication_db"));
  for (const node of nodes.filter((n) => n !== primary)) {
    texts.set(`primary_conninfo of ${node}`, await cluster.psql(node, "show primary_conninfo"));
  }
  for (const service of services) {
    const container = await cluster.container(service);
    texts.set(`processes of ${service}`, await exec(container, ["ps", "axww", "-o", "args"]));
    texts.set(`log of ${service}`, await logsOf(container));
  }
  for (const [what, text] of texts) {
    assert.ok(text.length > 50, `${what} is empty`);
    assert.doesNotMatch(text, /replication_pass|monkey_pass|pcp_pass/, what);
  }
});
