// Restores beside a plain copy of the same bytes on the same disk, with the same WAL replayed: into a copy, of the whole cluster
// until the first write, and the drill.
import { systemClock } from "../../core/runtime/time.ts";
import { backupsOf } from "../support/barman.ts";
import type { Cluster } from "../support/cluster.ts";
import { exec, tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { longMs, timeOf } from "./backup.ts";
import { median } from "./cost.ts";

/** Medians, milliseconds. */
export interface RestoreRun {
  /** of the backup that is restored, bytes */
  bytes: number;
  /** cp -a and sync of the backup's data */
  plainCopyMs: number;
  /** PostgreSQL from its start until it has replayed the archive, with gunzip as its restore_command */
  plainRecoveryMs: number;
  intoCopyMs: number;
  /** --into with --start: the copy and its recovery */
  intoMs: number;
  verifyMs: number;
}

export interface ClusterRun {
  /** from the command to the first write through pgpool that is acknowledged afterwards */
  firstWriteMs: number;
  /** until the node leads, and until the others follow it, as the command says */
  leadMs: number;
  wholeMs: number;
}

const plain = "/var/backups/bench-plain";
const into = "/var/backups/bench-into";
const pgCtl = "/usr/lib/postgresql/17/bin/pg_ctl";

/** What recovers a plain copy: each file of the archive by gunzip, and no other settings than a copy of ours has. */
function plainRecovery(): string {
  const archive = "/var/backups/pg_cluster/wals";
  const command =
    `f=%f; case $f in *.history) cat ${archive}/$f;; *) gunzip -c ${archive}/\${f%%????????}/$f;; esac > %p`;
  const settings = [
    "listen_addresses = ''",
    `unix_socket_directories = '${plain}'`,
    `hba_file = '${plain}/bench_hba.conf'`,
    "ssl = off",
    "shared_preload_libraries = ''",
    "primary_conninfo = ''",
    "primary_slot_name = ''",
    "synchronous_standby_names = ''",
    "recovery_end_command = ''",
    "max_connections = 1000",
    "max_worker_processes = 128",
    "max_wal_senders = 100",
    "recovery_target_timeline = 'current'",
    `restore_command = '${command.replaceAll("'", "''")}'`,
  ];
  return [
    `cat >> ${plain}/postgresql.auto.conf <<'END'\n${settings.join("\n")}\nEND`,
    `echo 'local all all trust' > ${plain}/bench_hba.conf`,
    `rm -f ${plain}/standby.signal`,
    `touch ${plain}/recovery.signal`,
    `${pgCtl} -D ${plain} -l ${plain}/bench.log -w -t 3600 start`,
    `until test "$(psql -h ${plain} -U postgres -AtXc 'select pg_is_in_recovery()' postgres)" = f; do sleep 0.1; done`,
  ].join("\n");
}

/** Restores the newest backup into copies, taking turns with the plain tools, and verifies it. */
export async function measureRestore(backup: string, runs: number): Promise<RestoreRun> {
  const id = (await backupsOf(backup)).at(-1)!;
  const source = `/var/backups/pg_cluster/base/${id}/data`;
  const bytes = Number((await exec(backup, ["du", "-sb", source], longMs)).split("\t")[0]);
  const times = { plainCopy: [], plainRecovery: [], intoCopy: [], into: [], verify: [] } as Record<string, number[]>;
  for (let i = 0; i < runs; i++) {
    await settle(backup);
    times.plainCopy!.push(await timeOf(backup, `cp -a ${source} ${plain}; sync -f ${plain}`));
    times.plainRecovery!.push(await timeOf(backup, plainRecovery()));
    await remove(backup, plain);
    await settle(backup);
    const command = ["postdock", "barman", "restore", "--into", into, "--start", "--yes", "--json"];
    const restored = await tryExec(backup, command, longMs);
    if (restored.code !== 0) throw new Error(restored.stdout + restored.stderr);
    const { copyMs, tookMs } = JSON.parse(restored.stdout);
    times.intoCopy!.push(copyMs);
    times.into!.push(tookMs);
    await remove(backup, into);
    const verified = JSON.parse(await exec(backup, ["postdock", "barman", "verify", "--json"], longMs));
    times.verify!.push(verified.tookMs);
  }
  const ms = (name: string) => median(times[name]!);
  return {
    bytes,
    plainCopyMs: ms("plainCopy"),
    plainRecoveryMs: ms("plainRecovery"),
    intoCopyMs: ms("intoCopy"),
    intoMs: ms("into"),
    verifyMs: ms("verify"),
  };
}

/** What was written before is on disk: the sync of a copy is not to wait for it. */
const settle = (backup: string) => exec(backup, ["sync", "-f", "/var/backups"], longMs);

async function remove(backup: string, directory: string): Promise<void> {
  await tryExec(backup, ["gosu", "postgres", pgCtl, "-D", directory, "-m", "immediate", "stop"]);
  await exec(backup, ["rm", "-rf", directory], longMs);
}

/** Restores the whole cluster to its latest moment under writes through pgpool. */
export async function measureWhole(cluster: Cluster, backup: string, nodes: readonly string[]): Promise<ClusterRun> {
  const entry = () => cluster.address("pgpool");
  const ledger = await Ledger.start({ ...monkey, host: (await entry())! }, entry);
  await ledger.writes(40, 60_000);
  const since = systemClock.nowMs();
  const done = await tryExec(backup, ["postdock", "barman", "restore", "--yes", "--json"], longMs);
  if (done.code !== 0) throw new Error(done.stdout + done.stderr);
  await ledger.writes(40, 60_000);
  const firstWriteMs = ledger.firstAfterLongestGap() - since;
  await ledger.stop();
  const { leadMs, wholeMs } = JSON.parse(done.stdout);
  await cluster.waitWhole(300_000, nodes);
  await exec(backup, ["postdock", "barman", "restore", "clean"], longMs);
  return { firstWriteMs, leadMs, wholeMs };
}
