// The barman program: one function for each command; barman-output.ts reads what it prints. Each call takes a third of a second
// of one core.
import { CommandError, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { listConfPath } from "../text/barman-conf.ts";
import type { ChildSpec } from "../../../core/runtime/supervisor.ts";
import {
  type Backup,
  type BackupDetails,
  type CheckFailure,
  parseBackupDetails,
  parseBackups,
  parseCheck,
} from "../text/barman-output.ts";

const as = postgresAccount;
const program = "barman";

/** Runs `barman check`. Returns what failed; throws if the check itself could not run. */
export async function check(server: string, signal?: AbortSignal): Promise<CheckFailure[]> {
  const result = await tryRun([program, "-f", "json", "check", server], {
    as,
    timeoutMs: 60_000,
    ...(signal ? { signal } : {}),
  });
  if (result.timedOut || result.code === null) throw new CommandError(result);
  return parseCheck(result.stdout, server);
}

/** All backups, oldest first. Their sizes are without WAL. */
export async function listBackups(server: string, signal?: AbortSignal): Promise<Backup[]> {
  const stdout = await json(["-c", listConfPath, "list-backups", server], 60_000, signal);
  return parseBackups(stdout, server);
}

/** Times and sizes of one finished backup. */
export async function showBackup(server: string, id: string, signal?: AbortSignal): Promise<BackupDetails> {
  return parseBackupDetails(await json(["show-backup", server, id], 60_000, signal), server);
}

/** Compresses and archives WAL files that have been received whole. */
export async function archiveWal(server: string, signal?: AbortSignal): Promise<void> {
  await plain(["archive-wal", server], 600_000, signal);
}

/** Checks whether all WAL of a waiting backup has arrived; its status says so afterwards. */
export async function checkBackup(server: string, id: string, signal?: AbortSignal): Promise<void> {
  await plain(["check-backup", server, id], 60_000, signal);
}

/** Removes a backup and the WAL that only it needed. The caller has logged why. */
export async function deleteBackup(server: string, id: string, signal?: AbortSignal): Promise<void> {
  await plain(["delete", server, id], 600_000, signal);
}

/** How a backup is kept: with all later WAL, with the WAL that it needs itself, or no longer. */
export type Keep = "full" | "standalone" | "release";

/** Exempts a backup from the retention policy, or ends that. */
export async function keepBackup(server: string, id: string, how: Keep, signal?: AbortSignal): Promise<void> {
  const option = how === "release" ? ["--release"] : ["--target", how];
  await plain(["keep", ...option, server, id], 60_000, signal);
}

/** Makes barman's record of archived WAL anew, after files have come from elsewhere. */
export async function rebuildWalRecord(server: string): Promise<void> {
  await plain(["rebuild-xlogdb", server], 3_600_000);
}

/** Ends a receiver that was started by hand. */
export async function stopReceiver(server: string, signal?: AbortSignal): Promise<void> {
  await plain(["receive-wal", "--stop", server], 30_000, signal);
}

/** The receiver as a child. barman hands TERM and INT on to pg_receivewal. */
export function receiverChild(server: string): ChildSpec {
  return {
    name: "receive-wal",
    argv: [program, "receive-wal", server],
    as,
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: [{ signal: "SIGINT", waitMs: 2_500 }, { signal: "SIGTERM", waitMs: 1_500 }],
  };
}

/**
 * A base backup as a child; INT lets barman mark it as failed and clean up. `gentle`: it waits for a checkpoint that PostgreSQL
 * spreads over minutes, instead of asking for one at once. `conf`: a configuration for this backup alone. `parent`: the
 * backup that an incremental one builds on.
 */
export function backupChild(
  server: string,
  { gentle = false, conf = null, parent = null }: { gentle?: boolean; conf?: string | null; parent?: string | null } =
    {},
): ChildSpec {
  const other = conf === null ? [] : ["-c", conf];
  const how = [...(gentle ? [] : ["--immediate-checkpoint"]), ...(parent === null ? [] : ["--incremental", parent])];
  return {
    name: "backup",
    argv: [program, ...other, "backup", ...how, server],
    as,
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: [{ signal: "SIGINT", waitMs: 5_000 }],
  };
}

async function json(args: readonly string[], timeoutMs: number, signal?: AbortSignal): Promise<string> {
  return (await plain(["-f", "json", ...args], timeoutMs, signal)).stdout;
}

/** Runs barman, which exits with 1 and writes ERROR lines if something failed. */
async function plain(args: readonly string[], timeoutMs: number, signal?: AbortSignal) {
  const result = await tryRun([program, ...args], { as, timeoutMs, ...(signal ? { signal } : {}) });
  if (result.code !== 0) throw new CommandError(result);
  return result;
}
