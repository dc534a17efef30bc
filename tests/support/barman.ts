// What scenarios wait for in the barman container.
import assert from "node:assert/strict";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import type { Cluster } from "./cluster.ts";
import { type Edit, nodesOf, serviceOf, setEnvironment } from "./compose-file.ts";
import { exec, tryExec } from "./docker.ts";

/** Waits until `barman check` passes. Throws with what it said last. */
export async function waitBarmanCheck(container: string): Promise<void> {
  let last = "";
  const passes = async () => {
    const check = await tryExec(container, ["barman", "check", "pg_cluster"]);
    last = check.stdout;
    return check.code === 0;
  };
  await waitUntil(
    passes,
    { what: "barman check to be green", deadlineMs: 120_000, everyMs: 1_000, why: () => last },
    { clock: systemClock },
  );
}

/** Waits until barman receives WAL from a node. Throws with what it said last. */
export async function waitReceiving(cluster: Cluster, primary: string, deadlineMs = 60_000): Promise<void> {
  let last = "";
  const receives = async () => {
    const status = await cluster.status("backup");
    last = status === null ? "no answer" : `${status.doing}: ${status.because}`;
    return status?.component === "barman" && status.receiving && status.primary === primary;
  };
  await waitUntil(
    receives,
    { what: `barman to receive WAL from ${primary}`, deadlineMs, why: () => last },
    { clock: systemClock },
  );
}

/** The finished backups, oldest first. */
export async function backupsOf(backup: string): Promise<string[]> {
  const { backups } = JSON.parse(await exec(backup, ["postdock", "barman", "list", "--json"]));
  return backups.filter((b: { status: string }) => b.status === "DONE").map((b: { id: string }) => b.id);
}

/** Waits for the first finished backup. */
export async function waitBackup(backup: string, deadlineMs: number): Promise<string> {
  const newest = async () => (await backupsOf(backup)).at(-1) ?? null;
  const wait = { what: "a base backup", deadlineMs, everyMs: 1_000 };
  return await waitUntil(newest, wait, { clock: systemClock });
}

/** How long a restore may take, milliseconds. */
const restoreMs = 240_000;

/** `postdock barman restore` with these arguments. */
export async function restore(backup: string, ...args: string[]) {
  return await tryExec(backup, ["postdock", "barman", "restore", ...args], restoreMs);
}

/** Waits until barman has the WAL of everything that was written so far. */
export async function received(cluster: Cluster, node: string): Promise<void> {
  const asked =
    `select pg_current_wal_flush_lsn(), string_agg(concat_ws(' ', application_name, state, flush_lsn), ', '),
    count(*) filter (where application_name = 'barman_receive_wal' and
      coalesce(flush_lsn, '0/0') >= pg_current_wal_flush_lsn()) from pg_stat_replication`;
  let last = "";
  const all = async () => (last = await cluster.psql(node, asked)).endsWith("|1");
  const wait = { what: "barman to have all WAL", deadlineMs: 120_000, why: () => last };
  await waitUntil(all, wait, { clock: systemClock });
}

/** Lets every node summarize its WAL, which incremental backups need. */
export const summarizing: Edit = (file) => {
  for (const node of nodesOf(file)) {
    const { CONFIGS } = serviceOf(file, node).environment ?? {};
    setEnvironment(file, node, { CONFIGS: [CONFIGS, "summarize_wal:on"].filter(Boolean).join(",") });
  }
};

/** Takes an incremental backup of a standby. Returns its id. */
export async function takeIncremental(cluster: Cluster, primary: string, standbys: readonly string[]): Promise<string> {
  await checkpointOn(cluster, primary, standbys);
  const said = await exec(
    await cluster.container("backup"),
    ["postdock", "barman", "backup", "--incremental"],
    240_000,
  );
  assert.match(said, new RegExp(`^Copying from the standby (${standbys.join("|")}): it streams timeline 1, `, "m"));
  assert.match(said, /^It is incremental: it builds on backup \d{8}T\d{6}$/m);
  return /Backup (\d{8}T\d{6}) is complete/.exec(said)?.[1] ?? said;
}

/** Makes a checkpoint on the primary and then on each standby, so that a backup of any of them begins there. */
export async function checkpointOn(cluster: Cluster, primary: string, standbys: readonly string[]): Promise<void> {
  await cluster.psql(primary, "checkpoint");
  const lsn = await cluster.psql(primary, "select pg_current_wal_flush_lsn()");
  for (const standby of standbys) {
    const replayed = async () => await cluster.psql(standby, `select pg_last_wal_replay_lsn() >= '${lsn}'`) === "t";
    await waitUntil(replayed, { what: `${standby} to replay`, deadlineMs: 60_000 }, { clock: systemClock });
    await cluster.psql(standby, "checkpoint");
  }
}

/** What a copy says that was restored into a directory of the barman container and runs there. */
export async function askCopy(backup: string, directory: string, sql: string): Promise<string> {
  const psql = ["gosu", "postgres", "psql", "-h", directory, "-d", "monkey_db", "-AtXc", sql];
  return (await exec(backup, psql)).trim();
}

/** Stops such a copy and removes it. */
export async function endCopy(backup: string, directory: string): Promise<void> {
  await exec(backup, ["gosu", "postgres", "pg_ctl", "-D", directory, "-m", "immediate", "stop"]);
  await exec(backup, ["rm", "-rf", directory]);
}

/** Waits until a node that is being restored is at one of these steps. Throws what the command said if it ends before. */
export async function reachStep(
  cluster: Cluster,
  node: string,
  steps: readonly string[],
  running: Promise<{ code: number | null; stdout: string; stderr: string }>,
  deadlineMs = 60_000,
): Promise<void> {
  let over: string | null = null;
  const note = running.then(({ code, stdout, stderr }) => void (over = `it ended with ${code}: ${stdout}${stderr}`));
  note.catch(() => {});
  let last: string | null = null;
  const there = async () => {
    last = (await cluster.nodeStatus(node).catch(() => null))?.restore?.step ?? null;
    if (over !== null) throw new Error(over);
    return last !== null && steps.includes(last);
  };
  const what = `the restore of ${node} to be ${steps.join(" or ")}`;
  await waitUntil(there, { what, deadlineMs, everyMs: 20, why: () => `it is ${last}` }, { clock: systemClock });
}
