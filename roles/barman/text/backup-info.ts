// PURE: barman's own record of a backup, meta/ID-backup.info, as far as a restore needs it.
import { parseWalName } from "../../../core/postgres/wal-name.ts";
import type { BackupPlace } from "../decide/recoverable.ts";

/** One finished backup. */
export interface BackupRecord extends BackupPlace {
  /** size of its cluster's WAL segments, bytes */
  segmentBytes: number;
  /** what a copy of it takes, without WAL; bytes. null if the record does not say */
  sizeBytes: number | null;
  /** the kind of node that it was copied from; null if the record does not say */
  from: "primary" | "standby" | null;
  /** where it begins */
  beginLsn: string;
  /** the backup that it builds on; null: it is a full one */
  parent: string | null;
  /** summarize_wal was on when it was taken, so that another one can build on it */
  summarized: boolean;
  /** the cluster had tablespaces of its own */
  tablespaces: boolean;
}

/** Reads the record; null if the backup is not finished. Throws if a finished one lacks what it must have. */
export function parseBackupInfo(id: string, text: string): BackupRecord | null {
  const values = new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
  if (values.get("status") !== "DONE") return null;
  const read = (name: string) => {
    const value = values.get(name);
    if (value === undefined || value === "None") throw new Error(`barman's record of backup ${id} has no ${name}`);
    return value;
  };
  const optional = (name: string) => [undefined, "None", ""].includes(values.get(name)) ? null : values.get(name)!;
  const parent = optional("parent_backup_id");
  const segmentBytes = Number(read("xlog_segment_size"));
  const begin = parseWalName(read("begin_wal"), segmentBytes);
  if (begin === null) throw new Error(`barman's record of backup ${id} has no WAL file in begin_wal`);
  return {
    id,
    timeline: Number(read("timeline")),
    beginSegment: begin.segment,
    endLsn: read("end_xlog"),
    endMicros: microsOf(read("end_time")),
    segmentBytes,
    // an incremental one is combined with those that it builds on, which gives the whole cluster
    sizeBytes: Number(optional(parent === null ? "size" : "cluster_size")) || null,
    from: fromOf(values.get("backup_label") ?? ""),
    beginLsn: read("begin_xlog"),
    parent,
    summarized: optional("summarize_wal") === "on",
    tablespaces: optional("tablespaces") !== null && optional("tablespaces") !== "[]",
  };
}

/** The backup label has a line about it (manual, 25.3.3). */
function fromOf(label: string): BackupRecord["from"] {
  const [, word] = /BACKUP FROM: (primary|standby)\b/.exec(label) ?? [];
  return word === "primary" || word === "standby" ? word : null;
}

/** "2026-11-27 18:38:48.791979+00:00", with or without a fraction. */
function microsOf(text: string): bigint | null {
  const [, whole = "", fraction = "", zone = ""] = /^(\S+ \d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(\S*)$/.exec(text) ?? [];
  const ms = Date.parse(whole.replace(" ", "T") + (zone === "" ? "Z" : zone));
  return Number.isNaN(ms) ? null : BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, "0"));
}
