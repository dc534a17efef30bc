// PURE parsers of what PostgreSQL's own tools print: pg_controldata, pg_waldump --stats.
import { historyName, parseWalName, segmentOf, walName } from "../../../core/postgres/wal-name.ts";
import { compareLsn, formatLsn, type WalPosition } from "../../../core/postgres/lsn.ts";

export interface ControlData {
  systemIdentifier: string;
  /** "in production", "shut down", "in archive recovery", "shut down in recovery", … */
  state: string;
  checkpoint: WalPosition;
  redoLsn: string;
  minRecoveryEnd: WalPosition | null;
  /** size of a WAL file, bytes */
  segmentBytes: number;
}

/** Parses pg_controldata's output (LC_ALL=C). Throws if a field is missing: then it is not a control file. */
export function parseControlData(text: string): ControlData {
  const fields = new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf(":");
      return at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const];
    }),
  );
  const field = (name: string) => {
    const value = fields.get(name);
    if (value === undefined || value === "") throw new Error(`pg_controldata printed no "${name}"`);
    return value;
  };
  const minEnd = field("Minimum recovery ending location");
  const minTimeline = Number(field("Min recovery ending loc's timeline"));
  return {
    systemIdentifier: field("Database system identifier"),
    state: field("Database cluster state"),
    checkpoint: {
      timeline: Number(field("Latest checkpoint's TimeLineID")),
      lsn: field("Latest checkpoint location"),
    },
    redoLsn: field("Latest checkpoint's REDO location"),
    segmentBytes: Number(field("Bytes per WAL segment")),
    minRecoveryEnd: compareLsn(minEnd, "0/0") === 0 ? null : { timeline: minTimeline, lsn: minEnd },
  };
}

/** A stretch of WAL on one timeline. */
export interface WalRange {
  timeline: number;
  /** the first and the last file of it */
  files: [string, string];
  startLsn: string;
  /** just after the last segment that follows without a gap */
  endLsn: string;
}

/**
 * Which WAL to read to find its end, on the newest timeline that has a history file and segments at or after the checkpoint. It
 * begins at the checkpoint's redo location or the first segment of that timeline, and ends before the first gap.
 */
export function chooseWalRange(
  control: Pick<ControlData, "checkpoint" | "redoLsn" | "segmentBytes">,
  walFiles: readonly string[],
): WalRange {
  const { segmentBytes } = control;
  const segments = walFiles.flatMap((name) => parseWalName(name, segmentBytes) ?? []).filter((s) => !s.partial);
  const redo = segmentOf(control.redoLsn, segmentBytes);
  const ahead = segments.filter((s) =>
    s.timeline > control.checkpoint.timeline && s.segment >= redo && walFiles.includes(historyName(s.timeline))
  );
  const timeline = ahead.reduce((newest, s) => Math.max(newest, s.timeline), control.checkpoint.timeline);
  const own = new Set(segments.filter((s) => s.timeline === timeline).map((s) => s.segment));
  const firstOwn = [...own].filter((s) => s >= redo).toSorted((a, b) => a < b ? -1 : 1)[0] ?? redo;
  let end = firstOwn;
  while (own.has(end)) end++;
  const startLsn = firstOwn === redo ? control.redoLsn : formatLsn(firstOwn * BigInt(segmentBytes));
  const last = end > firstOwn ? end - 1n : firstOwn;
  const files: WalRange["files"] = [
    walName(timeline, firstOwn, segmentBytes),
    walName(timeline, last, segmentBytes),
  ];
  return { timeline, files, startLsn, endLsn: formatLsn(end * BigInt(segmentBytes)) };
}

/**
 * Whether a promotion was cut short before it began: PostgreSQL first makes a segment of the new timeline, then removes
 * standby.signal, then writes the history file (StartupXLOG in xlog.c of PostgreSQL 17). Until that, it is a standby.
 */
export function isUnborn(timeline: number, walFiles: readonly string[], segmentBytes: number): boolean {
  return walFiles.some((name) => {
    const segment = parseWalName(name, segmentBytes);
    return segment !== null && segment.timeline > timeline && !walFiles.includes(historyName(segment.timeline));
  });
}

/** The end of the last record that `pg_waldump --stats` read, or null if it read none. */
export function parseWaldumpEnd(stdout: string): string | null {
  const match = /between [0-9A-F]+\/[0-9A-F]+ and ([0-9A-F]+\/[0-9A-F]+)/.exec(stdout);
  return match && match[1] !== "0/0" ? match[1]! : null;
}
