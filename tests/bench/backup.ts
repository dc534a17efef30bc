// Backups beside the plain tools on the same server and disk: barman's base backup beside pg_basebackup, and how fast the
// receiver catches up beside pg_receivewal.
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { waitReceiving } from "../support/barman.ts";
import type { Cluster } from "../support/cluster.ts";
import { exec } from "../support/docker.ts";
import { median } from "./cost.ts";

const deps = { clock: systemClock };
export const longMs = 1_800_000;

export interface BackupRun {
  /** of the cluster's data, bytes */
  bytes: number;
  /** medians, milliseconds: pg_basebackup with the options of barman; the command until the backup can be restored */
  plainMs: number;
  oursMs: number;
  /** within `oursMs`, what barman counts as the copy */
  copyMs: number;
}

export interface ReceiveRun {
  bytes: number;
  /** medians, milliseconds: pg_receivewal alone; barman's receiver, from its connection on */
  plainMs: number;
  oursMs: number;
  /** from the start of barman's container, its agent included */
  fromStartMs: number;
}

/** Makes so many MB of rows of a kilobyte each, and waits until they are on disk. */
export async function fillWith(cluster: Cluster, primary: string, table: string, mb: number): Promise<void> {
  const rows = `generate_series(1, ${mb * 1000}) n`;
  const sql = `create table ${table} as select n, repeat(md5(n::text), 30) as t from ${rows}`;
  const psql = ["gosu", "postgres", "psql", "-XAtqd", "monkey_db", "-c"];
  await exec(await cluster.container(primary), [...psql, sql], longMs);
  // autovacuum would write about as much WAL again, at some moment
  await exec(await cluster.container(primary), [...psql, `vacuum (freeze) ${table}`], longMs);
  await exec(await cluster.container(primary), [...psql, "checkpoint"], longMs);
}

/** How long a shell script of the postgres account takes in a container, milliseconds. */
export async function timeOf(container: string, script: string): Promise<number> {
  const timed = `a=$(date +%s%N); { ${script}; } > /tmp/bench.log 2>&1 || { tail -5 /tmp/bench.log >&2; exit 1; }; ` +
    "b=$(date +%s%N); echo $(( (b - a) / 1000000 ))";
  return Number((await exec(container, ["gosu", "postgres", "bash", "-ec", timed], longMs)).trim());
}

/** The conninfo with which barman copies and receives. */
const conninfo = "$(sed -n 's/^streaming_conninfo = //p' /etc/barman.d/pg_cluster.conf)";

/** Takes turns: the plain copy, then barman's. */
export async function measureBackup(cluster: Cluster, backup: string, primary: string, runs: number) {
  const bytes = Number(await cluster.psql(primary, "select sum(pg_database_size(oid)) from pg_database"));
  const plain: number[] = [];
  const ours: number[] = [];
  const copies: number[] = [];
  for (let i = 0; i < runs; i++) {
    const into = "/var/backups/bench-plain";
    plain.push(
      await timeOf(backup, `pg_basebackup -d "${conninfo}" -D ${into} -X none -c fast; sync -f ${into}`),
    );
    await exec(backup, ["rm", "-rf", into], longMs);
    const since = systemClock.nowMs();
    await exec(backup, ["postdock", "barman", "backup"], longMs);
    ours.push(systemClock.nowMs() - since);
    const shown = JSON.parse(await exec(backup, ["barman", "-f", "json", "show-backup", "pg_cluster", "latest"]));
    copies.push(1_000 * Number(shown.pg_cluster.base_backup_information.copy_time_seconds));
  }
  return { bytes, plainMs: median(plain), oursMs: median(ours), copyMs: median(copies) } satisfies BackupRun;
}

/** So much WAL is written while neither receives. */
export async function measureReceive(cluster: Cluster, backup: string, primary: string, mb: number, runs: number) {
  const slot = "bench_receive";
  const plain: number[] = [];
  const ours: number[] = [];
  const starts: number[] = [];
  let bytes = 0;
  for (let i = 0; i < runs; i++) {
    await waitReceiving(cluster, primary, 120_000);
    await cluster.psql(primary, `select pg_create_physical_replication_slot('${slot}', true)`);
    const from = await cluster.psql(primary, "select pg_current_wal_insert_lsn()");
    await cluster.kill("backup");
    await fillWith(cluster, primary, "bench_wal", mb);
    await cluster.psql(primary, "drop table bench_wal");
    const end = await cluster.psql(primary, "select pg_current_wal_flush_lsn()");
    await cluster.psql(primary, "select pg_switch_wal()"); // pg_receivewal ends with what follows
    bytes = Number(await cluster.psql(primary, `select '${end}'::pg_lsn - '${from}'`));

    const since = systemClock.nowMs();
    await cluster.start("backup");
    const caughtUp = await watchReceiver(cluster, primary, end);
    ours.push(caughtUp.atMs - caughtUp.connectedMs);
    starts.push(caughtUp.atMs - since);

    await waitArchived(backup);
    const into = "/var/backups/bench-wal";
    const receive = `mkdir ${into}; pg_receivewal -d "${conninfo}" -D ${into} -S ${slot} --no-loop --endpos=${end}`;
    plain.push(await timeOf(backup, receive));
    await exec(backup, ["rm", "-rf", into], longMs);
    await cluster.psql(primary, `select pg_drop_replication_slot('${slot}')`);
  }
  return {
    bytes,
    plainMs: median(plain),
    oursMs: median(ours),
    fromStartMs: median(starts),
  } satisfies ReceiveRun;
}

/** When barman's receiver was first seen at the primary, and when it had all up to `end`. */
async function watchReceiver(cluster: Cluster, primary: string, end: string) {
  let connectedMs: number | null = null;
  const state = `select flush_lsn >= '${end}' from pg_stat_replication where application_name = 'barman_receive_wal'`;
  const all = async () => {
    const seen = await cluster.psql(primary, state);
    if (seen !== "" || connectedMs !== null) connectedMs ??= systemClock.nowMs();
    return seen === "t";
  };
  await waitUntil(all, { what: "barman to have all WAL", deadlineMs: longMs, everyMs: 20 }, deps);
  return { connectedMs: connectedMs ?? NaN, atMs: systemClock.nowMs() };
}

/** The archive compresses meanwhile, on the same disk. */
async function waitArchived(backup: string): Promise<void> {
  const count = "ls /var/backups/pg_cluster/streaming | wc -l";
  const quiet = async () => Number(await exec(backup, ["bash", "-c", count])) <= 1;
  await waitUntil(quiet, { what: "barman to have archived what it has", deadlineMs: longMs, everyMs: 1_000 }, deps);
}
