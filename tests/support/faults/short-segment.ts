// A standby begins to receive the first segment of a new timeline, and the new primary dies before the fork has arrived. The
// segment holds writes that the primary before has acknowledged: nothing of them may be lost.
import assert from "node:assert/strict";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import type { Cluster } from "../cluster.ts";
import { exec, logsOf, logsSince } from "../docker.ts";
import { wholeMs } from "../waits.ts";
import { type Heal, limitSending } from "./strike.ts";

const deps = { clock: systemClock };
/** 4 MB in one segment of 16 MB: at the rate below, a standby needs some seconds to receive them again. */
const rows = 4_000;
const rate = "4mbit";

/** Ends with the whole cluster, the first primary and the standby having been alone for a while. */
export async function firstSegmentCut(cluster: Cluster, nodes: readonly string[]): Promise<void> {
  const first = await cluster.waitWhole(undefined, nodes);
  const standbys = nodes.filter((n) => n !== first);
  await cluster.psql(first, "create table in_the_segment (filler text)");
  await cluster.psql(first, "select pg_switch_wal()");
  await cluster.psql(first, "checkpoint");
  await cluster.psql(first, `insert into in_the_segment select repeat('x', 1000) from generate_series(1, ${rows})`);
  const end = await cluster.psql(first, "select pg_current_wal_flush_lsn()");
  for (const node of standbys) {
    const has = async () => await cluster.psql(node, `select pg_last_wal_replay_lsn() >= '${end}'`) === "t";
    await waitUntil(has, { what: `${node} to have all`, deadlineMs: wholeMs }, deps);
  }
  const logged = new Map<string, string>();
  for (const node of standbys) logged.set(node, await logsOf(await cluster.container(node)));
  const heals = new Map<string, Heal>();
  for (const node of standbys) heals.set(node, await limitSending(cluster, [node], rate));
  await cluster.kill(first);
  const second = await cluster.waitSuccessor(first, nodes, wholeMs);
  const third = standbys.find((n) => n !== second)!;
  const timeline = (await cluster.answer(second)).postgres.timeline!;
  const segments = `$PGDATA/pg_wal/${timeline.toString(16).toUpperCase().padStart(8, "0")}*[0-9A-F]`;
  const begun = async () =>
    (await exec(await cluster.container(third), ["bash", "-c", `ls ${segments} 2>/dev/null || true`])) !== "";
  await waitUntil(begun, { what: `${third} to receive timeline ${timeline}`, deadlineMs: 60_000, everyMs: 50 }, deps);
  await cluster.kill(second);
  const reach = "select pg_last_wal_receive_lsn() < pg_last_wal_replay_lsn()";
  const short = await cluster.psql(third, reach).catch(() => "t");
  assert.equal(short, "t", "the fork had not arrived when the primary died");
  await heals.get(third)!(); // the second node has a new network, without a limit, when it is started again
  await cluster.start(first);
  const leader = await cluster.waitWhole(undefined, [first, third]);
  assert.equal(await cluster.psql(leader, "select count(*) from in_the_segment"), String(rows));
  const said = await logsSince(await cluster.container(third), logged.get(third)!);
  assert.match(said, /Removing a WAL file that hides WAL/);
  assert.doesNotMatch(said, /PANIC/, `${third} was not promoted as it was`);
  await cluster.start(second);
  await cluster.waitWhole(undefined, nodes);
  await cluster.psql(leader, "drop table in_the_segment");
}
