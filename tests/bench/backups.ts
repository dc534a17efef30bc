// The parts "backup" and "restore" of the benchmark, on one cluster with so many MB of data: beside the plain tools it has three
// nodes, and the example's five while it is restored as a whole.
import { sizeText } from "../../core/words/amounts.ts";
import { received, waitBackup, waitReceiving } from "../support/barman.ts";
import { Cluster, nodes as allNodes } from "../support/cluster.ts";
import { type Edit, setEnvironment } from "../support/compose-file.ts";
import { exec } from "../support/docker.ts";
import { type BackupRun, fillWith, longMs, measureBackup, measureReceive, type ReceiveRun } from "./backup.ts";
import { median } from "./cost.ts";
import { type ListRun, measureList } from "./list.ts";
import { type ClusterRun, measureRestore, measureWhole, type RestoreRun } from "./restore.ts";

const nodes = ["pgmaster", "pgslave1", "pgslave3"];
/** The part of the data that is written after the backup, so that there is WAL to replay. */
const replayed = 0.1;
/** Of WAL that the receiver has to catch up with, no more than this, MB. */
const mostWalMb = 500;
/** WAL files that are added for `barman list`: a segment of 16 MB each 30 s makes so many in a week. */
const listedFiles = 20_000;

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const beside = (ours: number, plain: number) =>
  `${seconds(ours)}, ${(ours / plain).toFixed(2)} times ${seconds(plain)}`;
const rate = (bytes: number, ms: number) => `${(bytes / 1000 / ms).toFixed(0)} MB/s`;

const backupText = ({ bytes, plainMs, oursMs, copyMs }: BackupRun) =>
  `${sizeText(bytes)}: copied in ${beside(copyMs, plainMs)} of pg_basebackup; ${
    seconds(oursMs)
  } until it can be restored`;

const receiveText = ({ bytes, plainMs, oursMs, fromStartMs }: ReceiveRun) =>
  `${sizeText(bytes)} at ${rate(bytes, oursMs)}, ${(plainMs / oursMs).toFixed(2)} times the ${rate(bytes, plainMs)} ` +
  `of pg_receivewal; ${seconds(fromStartMs)} from the start of the container`;

const intoText = (run: RestoreRun & { walBytes: number }) =>
  `${sizeText(run.bytes)} and ${sizeText(run.walBytes)} of WAL: copied in ${
    beside(run.intoCopyMs, run.plainCopyMs)
  } of cp -a; recovered in ` +
  `${beside(run.intoMs, run.plainCopyMs + run.plainRecoveryMs)} of cp -a and PostgreSQL`;

const listText = ({ files, oursMs, barmanMs }: ListRun) =>
  `${seconds(oursMs)} with ${files} WAL files, of which barman's own list takes ${seconds(barmanMs)}`;

const verifyText = ({ bytes, verifyMs }: RestoreRun) =>
  `${seconds(verifyMs)}, ${seconds(verifyMs / (bytes / 1e9))} per GB`;

/** The first write beside the plain copy, and beside the copy and its recovery. */
function wholeText(runs: readonly ClusterRun[], { plainCopyMs, plainRecoveryMs }: RestoreRun): string {
  const of = (what: keyof ClusterRun) => median(runs.map((r) => r[what]));
  const ratio = (plainMs: number) => (of("firstWriteMs") / plainMs).toFixed(2);
  return `first write after ${seconds(of("firstWriteMs"))}, ${ratio(plainCopyMs)} times cp -a, ` +
    `${ratio(plainCopyMs + plainRecoveryMs)} times cp -a and PostgreSQL; leads after ${seconds(of("leadMs"))}, ` +
    `the others follow after ${seconds(of("wholeMs"))}`;
}

/** One backup is kept: those of 5 GB would fill a small disk. */
const one: Edit = (file) => setEnvironment(file, "backup", { BACKUP_RETENTION_COUNT: 1 });

export interface BackupOptions {
  mb: number;
  runs: number;
  keep: boolean;
  wants(part: string): boolean;
}

/** Writes so many MB of rows, and returns how many bytes of WAL that made. */
async function writeWal(cluster: Cluster, primary: string, mb: number): Promise<number> {
  const from = await cluster.psql(primary, "select pg_current_wal_insert_lsn()");
  await fillWith(cluster, primary, "bench_later", mb);
  const bytes = Number(await cluster.psql(primary, `select pg_current_wal_insert_lsn() - '${from}'`));
  await cluster.psql(primary, "select pg_switch_wal()");
  return bytes;
}

/** Runs the parts that are wanted. */
export async function measureBackups(
  { mb, runs, keep, wants }: BackupOptions,
  tell: (part: string, line: string, value: unknown) => void,
): Promise<void> {
  const cluster = await Cluster.prepare({ name: "bench-backups", edit: one });
  await cluster.down();
  try {
    await cluster.up([...nodes, "pgpool", "backup"]);
    const primary = await cluster.waitWhole(180_000, nodes);
    await cluster.waitPool(nodes);
    const backup = await cluster.container("backup");
    await waitBackup(backup, 180_000);
    await fillWith(cluster, primary, "bench", mb);
    await waitReceiving(cluster, primary);
    if (wants("backup")) {
      const taken = await measureBackup(cluster, backup, primary, runs);
      tell("backup", backupText(taken), taken);
      const receive = await measureReceive(cluster, backup, primary, Math.min(mb, mostWalMb), runs);
      tell("backup receiver", receiveText(receive), receive);
      const list = await measureList(backup, listedFiles, runs);
      tell("backup list", listText(list), list);
    }
    if (!wants("restore")) return;
    await waitReceiving(cluster, primary);
    await exec(backup, ["postdock", "barman", "backup"], longMs);
    const walBytes = await writeWal(cluster, primary, Math.ceil(mb * replayed));
    await received(cluster, primary);
    const restored = { ...await measureRestore(backup, runs), walBytes };
    tell("restore into", intoText(restored), restored);
    tell("restore verified", verifyText(restored), restored);
    await cluster.up();
    await cluster.waitWhole(longMs);
    const whole: ClusterRun[] = [];
    for (let i = 0; i < runs; i++) whole.push(await measureWhole(cluster, backup, allNodes));
    tell("restore whole", wholeText(whole, restored), whole);
  } finally {
    if (!keep) await cluster.down();
  }
}
