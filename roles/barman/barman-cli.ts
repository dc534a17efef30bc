// The barman program: one function a command, JSON in, types out. Each call costs a third of a second of one core.
import { z } from "zod";
import { CommandError, postgresAccount, tryRun } from "../runtime/command.ts";
import type { ChildSpec } from "../runtime/supervisor.ts";

const as = postgresAccount;
const program = "barman";

/** One failed item of `barman check`. */
export interface CheckFailure {
  check: string;
  hint: string;
}

const CheckOutput = z.record(z.string(), z.unknown());
const CheckItem = z.object({ status: z.enum(["OK", "FAILED"]), hint: z.string() });

/** Runs `barman check`. Returns what failed; throws where the check itself could not run. */
export async function check(server: string, signal: AbortSignal): Promise<CheckFailure[]> {
  const result = await tryRun([program, "-f", "json", "check", server], { as, timeoutMs: 60_000, signal });
  if (result.timedOut || result.code === null) throw new CommandError(result);
  return parseCheck(result.stdout, server);
}

/** Reads the JSON of `barman check`. Throws where it is not one. */
export function parseCheck(stdout: string, server: string): CheckFailure[] {
  const items = z.record(z.string(), CheckItem).parse(CheckOutput.parse(parseJson(stdout))[server]);
  return Object.entries(items).flatMap(([name, item]) =>
    item.status === "OK" ? [] : [{ check: name.replaceAll("_", " "), hint: item.hint }]
  );
}

/** One backup of the catalog. */
export interface Backup {
  id: string;
  /** barman's word: DONE, WAITING_FOR_WALS, FAILED, STARTED, EMPTY, SYNCING */
  status: string;
  /** barman's word: OBSOLETE, VALID, … */
  retention: string | null;
  sizeBytes: number | null;
  endSeconds: number | null;
}

const seconds = z.string().regex(/^\d+$/).transform(Number);
const ListItem = z.object({
  backup_id: z.string(),
  status: z.string(),
  retention_status: z.string().optional(),
  size_bytes: z.number().optional(),
  end_time_timestamp: seconds.optional(),
});

/** All backups, oldest first. */
export async function listBackups(server: string, signal?: AbortSignal): Promise<Backup[]> {
  const stdout = await json(["list-backups", server], 60_000, signal);
  return parseBackups(stdout, server);
}

/** Reads the JSON of `barman list-backups`. */
export function parseBackups(stdout: string, server: string): Backup[] {
  const items = z.array(ListItem).parse(z.record(z.string(), z.unknown()).parse(parseJson(stdout))[server] ?? []);
  return items.map((item) => ({
    id: item.backup_id,
    status: item.status,
    retention: item.retention_status ?? null,
    sizeBytes: item.size_bytes ?? null,
    endSeconds: item.end_time_timestamp ?? null,
  })).toSorted((a, b) => a.id < b.id ? -1 : 1);
}

/** What is shown of one finished backup. */
export interface BackupDetails {
  id: string;
  beginSeconds: number;
  endSeconds: number;
  sizeBytes: number;
  copySeconds: number | null;
  timeline: number;
}

const Details = z.object({
  backup_id: z.string(),
  base_backup_information: z.object({
    begin_time_timestamp: seconds,
    end_time_timestamp: seconds,
    backup_size_bytes: z.number(),
    copy_time_seconds: z.number().optional(),
    timeline: z.number(),
  }),
});

/** Times and sizes of one finished backup. */
export async function showBackup(server: string, id: string, signal?: AbortSignal): Promise<BackupDetails> {
  return parseBackupDetails(await json(["show-backup", server, id], 60_000, signal), server);
}

/** Reads the JSON of `barman show-backup`. */
export function parseBackupDetails(stdout: string, server: string): BackupDetails {
  const shown = Details.parse(z.record(z.string(), z.unknown()).parse(parseJson(stdout))[server]);
  const base = shown.base_backup_information;
  return {
    id: shown.backup_id,
    beginSeconds: base.begin_time_timestamp,
    endSeconds: base.end_time_timestamp,
    sizeBytes: base.backup_size_bytes,
    copySeconds: base.copy_time_seconds ?? null,
    timeline: base.timeline,
  };
}

/** Compresses and files the WAL that has been received whole. */
export async function archiveWal(server: string, signal?: AbortSignal): Promise<void> {
  await plain(["archive-wal", server], 600_000, signal);
}

/** Looks whether all WAL of a waiting backup is there now; its status says so afterwards. */
export async function checkBackup(server: string, id: string, signal?: AbortSignal): Promise<void> {
  await plain(["check-backup", server, id], 60_000, signal);
}

/** Removes a backup and the WAL that only it needed. The caller has logged why. */
export async function deleteBackup(server: string, id: string, signal?: AbortSignal): Promise<void> {
  await plain(["delete", server, id], 600_000, signal);
}

/** Ends a receiver that nobody supervises. */
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

/** A base backup as a child; INT lets barman mark it as failed and clean up. */
export function backupChild(server: string): ChildSpec {
  return {
    name: "backup",
    argv: [program, "backup", server],
    as,
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: [{ signal: "SIGINT", waitMs: 5_000 }],
  };
}

async function json(args: readonly string[], timeoutMs: number, signal?: AbortSignal): Promise<string> {
  return (await plain(["-f", "json", ...args], timeoutMs, signal)).stdout;
}

/** barman exits with 1 and writes ERROR lines where something failed. */
async function plain(args: readonly string[], timeoutMs: number, signal?: AbortSignal) {
  const result = await tryRun([program, ...args], { as, timeoutMs, ...(signal ? { signal } : {}) });
  if (result.code !== 0) throw new CommandError(result);
  return result;
}

function parseJson(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`barman did not answer in JSON: ${stdout.slice(0, 200)}`, { cause: error });
  }
}
