// PURE: barman's own record of a backup, backup.info, as far as a restore needs it.
import { parseWalName } from "../../../core/postgres/wal-name.ts";
import { microsOf } from "../../../core/words/micros.ts";
import type { BackupPlace } from "../decide/recoverable.ts";

/** One finished backup. */
export interface BackupRecord extends BackupPlace {
  /** size of its cluster's WAL segments, bytes */
  segmentBytes: number;
  /** directories outside the data directory: their numbers, their names, and where they are on the nodes */
  tablespaces: { oid: string; name: string; location: string }[];
  /** what a copy of it takes, tablespaces included, without WAL; bytes. null if the record does not say */
  sizeBytes: number | null;
  /** the kind of node that it was copied from; null if the record does not say */
  from: "primary" | "standby" | null;
  /** where it begins */
  beginLsn: string;
  /** the backup that it builds on; null: it is a full one */
  parent: string | null;
  /** its files are in archives that this program unpacks; null: they are as on the node */
  compression: "gzip" | "zstd" | null;
  /** summarize_wal was on when it was taken, so that another one can build on it */
  summarized: boolean;
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
  const compression = compressionOf(id, optional("compression"));
  const segmentBytes = Number(read("xlog_segment_size"));
  const begin = parseWalName(read("begin_wal"), segmentBytes);
  if (begin === null) throw new Error(`barman's record of backup ${id} has no WAL file in begin_wal`);
  return {
    id,
    timeline: Number(read("timeline")),
    beginSegment: begin.segment,
    endLsn: read("end_xlog"),
    endMicros: endOf(read("end_time")),
    segmentBytes,
    // one that is combined or unpacked first becomes as large as the cluster
    sizeBytes: Number(optional(isPlain({ parent, compression }) ? "size" : "cluster_size")) || null,
    from: fromOf(values.get("backup_label") ?? ""),
    beginLsn: read("begin_xlog"),
    parent,
    compression,
    summarized: optional("summarize_wal") === "on",
    tablespaces: tablespacesOf(values.get("tablespaces") ?? "None"),
  };
}

/** Its files are those of the cluster: they need neither be combined nor unpacked. */
export const isPlain = ({ parent, compression }: Pick<BackupRecord, "parent" | "compression">): boolean =>
  parent === null && compression === null;

function compressionOf(id: string, word: string | null): BackupRecord["compression"] {
  if (word === null || word === "gzip" || word === "zstd") return word;
  throw new Error(`backup ${id} is compressed with ${word}, which cannot be unpacked here`);
}

/** The backup label has a line about it (manual, 25.3.3). */
function fromOf(label: string): BackupRecord["from"] {
  const [, word] = /BACKUP FROM: (primary|standby)\b/.exec(label) ?? [];
  return word === "primary" || word === "standby" ? word : null;
}

/** A text of Python's, as its repr() writes it. */
const quoted = String.raw`(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")`;
const tuple = new RegExp(String.raw`\(${quoted}, (\d+), ${quoted}\)`, "g");

/** "[('fast', 16449, '/spaces/fast')]", or "None". Throws if it has another form: a tablespace that is overlooked is lost. */
function tablespacesOf(text: string): BackupRecord["tablespaces"] {
  if (!/^(None|\[\])$/.test(text.trim()) && !/^[[\], ]*$/.test(text.replace(tuple, ""))) {
    throw new Error(`the tablespaces of a backup cannot be read: ${text.slice(0, 200)}`);
  }
  const plain = (single?: string, double?: string) => (single ?? double ?? "").replace(/\\(.)/g, "$1");
  return [...text.matchAll(tuple)].map(([, a, b, oid = "", c, d]) => ({
    oid,
    name: plain(a, b),
    location: plain(c, d),
  }));
}

/** "2026-11-27 18:38:48.791979+00:00", with or without a fraction. */
function endOf(text: string): bigint | null {
  const [, whole = "", fraction = "", zone = ""] = /^(\S+ \d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(\S*)$/.exec(text) ?? [];
  return microsOf(whole.replace(" ", "T") + (zone === "" ? "Z" : zone), fraction);
}
