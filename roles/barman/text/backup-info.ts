// PURE: barman's own record of a backup, meta/ID-backup.info, as far as a restore needs it.
import { parseWalName } from "../../../core/postgres/wal-name.ts";
import type { BackupPlace } from "../decide/recoverable.ts";

/** One finished backup, and the size of its cluster's WAL segments. */
export interface BackupRecord extends BackupPlace {
  segmentBytes: number;
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
  const segmentBytes = Number(read("xlog_segment_size"));
  const begin = parseWalName(read("begin_wal"), segmentBytes);
  if (begin === null) throw new Error(`barman's record of backup ${id} has no WAL file in begin_wal`);
  const endedMs = Date.parse(read("end_time").replace(" ", "T"));
  return {
    id,
    timeline: Number(read("timeline")),
    beginSegment: begin.segment,
    endLsn: read("end_xlog"),
    endSeconds: Number.isNaN(endedMs) ? null : Math.floor(endedMs / 1000),
    segmentBytes,
  };
}
