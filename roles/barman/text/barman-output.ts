// What barman prints with `-f json`, read strictly: checks, the list of backups, one backup.
import { z } from "zod";

/** One failed item of `barman check`. */
export interface CheckFailure {
  check: string;
  hint: string;
}

const CheckOutput = z.record(z.string(), z.unknown());
const CheckItem = z.object({ status: z.enum(["OK", "FAILED"]), hint: z.string() });

/** Reads the JSON of `barman check`. Throws if it has another form. */
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
  /** barman's word for a finished backup: VALID, OBSOLETE, KEEP:FULL, … */
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

/** Reads the JSON of `barman list-backups`. */
export function parseBackups(stdout: string, server: string): Backup[] {
  const items = z.array(ListItem).parse(z.record(z.string(), z.unknown()).parse(parseJson(stdout))[server] ?? []);
  return items.map((item) => ({
    id: item.backup_id,
    status: item.status,
    retention: item.status === "DONE" ? valid(item.retention_status) : null,
    sizeBytes: item.size_bytes ?? null,
    endSeconds: item.end_time_timestamp ?? null,
  })).toSorted((a, b) => a.id < b.id ? -1 : 1);
}

/** barman shows a dash for a backup that its policy keeps. */
const valid = (status: string | undefined) => status === undefined || status === "-" ? "VALID" : status;

/** Times and sizes of one finished backup. */
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
    // disk_usage_bytes in barman 3.4
    backup_size_bytes: z.number().optional(),
    disk_usage_bytes: z.number().optional(),
    copy_time_seconds: z.number().optional(),
    timeline: z.number(),
  }).refine((b) => b.backup_size_bytes !== undefined || b.disk_usage_bytes !== undefined, "the size is not there"),
});

/** Reads the JSON of `barman show-backup`. */
export function parseBackupDetails(stdout: string, server: string): BackupDetails {
  const shown = Details.parse(z.record(z.string(), z.unknown()).parse(parseJson(stdout))[server]);
  const base = shown.base_backup_information;
  return {
    id: shown.backup_id,
    beginSeconds: base.begin_time_timestamp,
    endSeconds: base.end_time_timestamp,
    sizeBytes: (base.backup_size_bytes ?? base.disk_usage_bytes)!,
    copySeconds: base.copy_time_seconds ?? null,
    timeline: base.timeline,
  };
}

function parseJson(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`barman did not answer in JSON: ${stdout.slice(0, 200)}`, { cause: error });
  }
}
