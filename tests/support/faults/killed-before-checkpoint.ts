// A node is promoted and killed before the first checkpoint of its leadership is complete, after a table was truncated there. Its
// WAL refers to pages that are gone, and it is not consistent where its promotion ended: only crash recovery brings it back.
import assert from "node:assert/strict";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import type { Cluster } from "../cluster.ts";
import { exec } from "../docker.ts";
import { wholeMs } from "../waits.ts";

const deps = { clock: systemClock };

/** Ends with the whole cluster. */
export async function killedBeforeCheckpoint(cluster: Cluster, nodes: readonly string[]): Promise<void> {
  const first = await cluster.waitWhole(undefined, nodes);
  const standbys = nodes.filter((n) => n !== first);
  const checkpointer = async (node: string, signal: string) =>
    await exec(await cluster.container(node), ["pkill", `-${signal}`, "-f", "^postgres: .*checkpointer"]);
  const arrives = async (node: string) => {
    const end = await cluster.psql(first, "select pg_current_wal_flush_lsn()");
    const has = async () => await cluster.psql(node, `select pg_last_wal_replay_lsn() >= '${end}'`) === "t";
    await waitUntil(has, { what: `${node} to have all`, deadlineMs: wholeMs }, deps);
  };
  await cluster.psql(first, "create table shrinks as select i, repeat('x', 500) t from generate_series(1, 1000) i");
  // otherwise the first record of each page after a checkpoint holds the whole page, and makes it again
  await cluster.psql(first, "alter system set full_page_writes = off");
  await cluster.psql(first, "select pg_reload_conf()");
  const off = async () => {
    await cluster.psql(first, "checkpoint");
    return await cluster.psql(first, "select full_page_writes from pg_control_checkpoint()") === "f";
  };
  await waitUntil(off, { what: `${first} to write no whole pages`, deadlineMs: wholeMs }, deps);
  for (const node of standbys) {
    await arrives(node);
    await cluster.psql(node, "checkpoint");
    await checkpointer(node, "STOP");
  }
  await cluster.psql(first, "update shrinks set t = repeat('y', 500)");
  await cluster.psql(first, "alter system reset full_page_writes");
  for (const node of standbys) await arrives(node);
  await cluster.kill(first);
  const second = await cluster.waitSuccessor(first, nodes, wholeMs);
  await cluster.psql(second, "truncate shrinks");
  assert.equal(await cluster.psql(second, "select pg_relation_size('shrinks')"), "0", "the table is truncated");
  const missing = "select min_recovery_end_lsn <> '0/0' from pg_control_recovery()";
  assert.equal(await cluster.psql(second, missing), "t", "its first checkpoint is not complete");
  for (const node of standbys.filter((n) => n !== second)) await checkpointer(node, "CONT");
  await cluster.kill(second);
  await cluster.start(second);
  await cluster.start(first);
  const leader = await cluster.waitWhole(undefined, nodes);
  const history = await exec(await cluster.container(second), ["postdock", "cluster", "history"]);
  assert.match(history, new RegExp(`${second}  Crash recovery completed.*references to invalid pages`));
  assert.equal(await cluster.psql(leader, "select count(*) from shrinks"), "0");
  await cluster.psql(leader, "drop table shrinks");
  const complete = async () => await cluster.psql(leader, missing) === "f";
  await waitUntil(complete, { what: `the first checkpoint of ${leader}`, deadlineMs: wholeMs }, deps);
}
