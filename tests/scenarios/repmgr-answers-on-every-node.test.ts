// Promise: `repmgr cluster show` works on every node without further options and shows the whole cascade. No password
// is in repmgr's tables, in a process list or in a log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { nodes, services } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec, logsOf, tryExec } from "../support/docker.ts";

test("repmgr cluster show and crosscheck answer on every node", async () => {
  const cluster = await exampleCluster();
  for (const node of nodes) {
    const container = await cluster.container(node);
    // a second-level node may still be returning to its upstream, which repmgr reports as an error
    const show = ["gosu", "postgres", "repmgr", "cluster", "show", "--csv"];
    let shown = "";
    await waitUntil(
      async () => {
        const result = await tryExec(container, show);
        shown = result.code === 0 ? result.stdout : result.stderr;
        return result.code === 0;
      },
      { what: `repmgr cluster show on ${node}`, deadlineMs: 30_000, everyMs: 500, why: () => shown },
      { clock: systemClock },
    );
    const rows = shown.trim().split("\n").map((line) => line.split(",").map(Number));
    assert.deepEqual(rows.map(([id]) => id), [1, 2, 3, 4, 5]);
    assert.ok(rows.every(([, available, recovery]) => available === 0 && (recovery === 0 || recovery === 1)), shown);
    const crosscheck = await tryExec(
      container,
      ["gosu", "postgres", "repmgr", "cluster", "crosscheck", "--csv"],
      60_000,
    );
    assert.equal(crosscheck.code, 0, crosscheck.stderr);
    assert.equal(
      crosscheck.stdout.trim().split("\n").filter((line) => line.endsWith(",0")).length,
      25,
      crosscheck.stdout,
    );
  }
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
