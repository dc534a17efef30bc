// Promise: a former primary that has diverged and no longer has the WAL for a rewind gets it from barman and is not cloned.
// It keeps its memory of the cluster.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import type { Cluster } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec, logsOf, logsSince } from "../support/docker.ts";

const deps = { clock: systemClock };

test("WAL that a rewind needs but the node has removed comes from barman", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  try {
    await loseWal(cluster, old);
  } finally {
    // a rewound node has the settings of the new primary; any other node keeps its own
    await cluster.psql(old, "alter system reset wal_keep_size").catch(() => null);
    await cluster.psql(old, "select pg_reload_conf()").catch(() => null);
  }
  const now = await cluster.waitWhole();
  await cluster.psql(now, "drop table filler");
  assert.equal(await cluster.psql(old, "show wal_keep_size"), await cluster.psql(now, "show wal_keep_size"));
});

async function loseWal(cluster: Cluster, old: string): Promise<void> {
  const sql = (text: string) => cluster.psql(old, text);
  await sql("alter system set wal_keep_size = 0");
  await sql("select pg_reload_conf()");
  await sql("checkpoint"); // the last one that all nodes have
  const needed = await sql("select pg_walfile_name(redo_lsn) from pg_control_checkpoint()");
  for (const i of [1, 2, 3]) {
    await sql(`create table if not exists filler (i int); insert into filler values (${i})`);
    await sql("select pg_switch_wal()");
  }
  const passed = `select bool_and(pg_walfile_name(restart_lsn) > '${needed}') from pg_replication_slots`;
  await waitUntil(async () => await sql(passed) === "t", {
    what: "the standbys and barman to have what was written",
    deadlineMs: 60_000,
    everyMs: 500,
  }, deps);
  const container = await cluster.container(old);
  const before = await logsOf(container);

  await cluster.disconnect(old);
  await sql("checkpoint");
  assert.equal(await sql(`select count(*) from pg_ls_waldir() where name = '${needed}'`), "0", "removed here");
  await cluster.waitSuccessor(old);
  await cluster.connect(old);
  await cluster.waitWhole();

  const lines = (await logsSince(container, before)).split("\n");
  const log = lines.filter((l) => !l.includes('"event":"Output"')).join("\n");
  assert.match(log, /"event":"Rejoined".*"way":"rewind with WAL from barman".*"tookMs":\d+/);
  assert.match(log, new RegExp(`"event":"WAL fetched from barman".*"file":"${needed}"`));
  const state = "cd $PGDATA/pgsql_tmp.postdock && cat memory.json && ls";
  const kept = await exec(container, ["bash", "-c", state]);
  const { id } = (await cluster.answer(old)).node;
  assert.match(kept, new RegExp(`"nodeId":${id},.*"everHadMajority":true`));
  assert.doesNotMatch(kept, /journal|incoming|outgoing/, "nothing is left of the rewind");
}
