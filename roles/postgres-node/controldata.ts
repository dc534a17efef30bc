// PURE parsers of what PostgreSQL's own tools print: pg_controldata, pg_waldump --stats, and its log lines.
import { compareLsn, type WalPosition } from "./lsn.ts";

export interface ControlData {
  systemIdentifier: string;
  /** "in production", "shut down", "in archive recovery", "shut down in recovery", … */
  state: string;
  checkpoint: WalPosition;
  redoLsn: string;
  minRecoveryEnd: WalPosition | null;
}

/** Parses pg_controldata's output (LC_ALL=C). Throws where a field is missing: then it is no control file. */
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
    minRecoveryEnd: compareLsn(minEnd, "0/0") === 0 ? null : { timeline: minTimeline, lsn: minEnd },
  };
}

const segmentName = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/;

/**
 * Where to start reading WAL to find its end: on the newest timeline that has segments at or after the checkpoint,
 * at the checkpoint's redo location or at the first segment of that timeline. Segments are 16 MB.
 */
export function chooseWalStart(control: ControlData, walFiles: readonly string[]): WalPosition {
  const start = { timeline: control.checkpoint.timeline, lsn: control.redoLsn };
  const redoSegment = segmentOf(control.redoLsn);
  const newest = walFiles.flatMap((name) => {
    const match = segmentName.exec(name);
    if (!match) return [];
    const timeline = parseInt(match[1]!, 16);
    const segment = parseInt(match[2]!, 16) * 256 + parseInt(match[3]!, 16);
    return timeline > start.timeline && segment >= redoSegment ? [{ timeline, segment }] : [];
  }).sort((a, b) => b.timeline - a.timeline || a.segment - b.segment)[0];
  if (!newest) return start;
  if (newest.segment === redoSegment) return { timeline: newest.timeline, lsn: control.redoLsn };
  const high = Math.floor(newest.segment / 256).toString(16).toUpperCase();
  const low = ((newest.segment % 256) * 16 * 1024 * 1024).toString(16).toUpperCase();
  return { timeline: newest.timeline, lsn: `${high}/${low}` };
}

function segmentOf(lsn: string): number {
  const [high, low] = lsn.split("/").map((part) => parseInt(part, 16));
  return (high ?? 0) * 256 + Math.floor((low ?? 0) / (16 * 1024 * 1024));
}

/** The end of the last record that `pg_waldump --stats` read, or null where it read none. */
export function parseWaldumpEnd(stdout: string): string | null {
  const match = /between [0-9A-F]+\/[0-9A-F]+ and ([0-9A-F]+\/[0-9A-F]+)/.exec(stdout);
  return match && match[1] !== "0/0" ? match[1]! : null;
}

/** What a line of PostgreSQL's log says about why it cannot stream; null for any other line. */
export function parseStreamingTrouble(line: string): "wal-removed" | "diverged" | null {
  if (/requested WAL segment \S+ has already been removed/.test(line)) return "wal-removed";
  if (/can no longer (get changes from|access) replication slot|replication slot .* has been invalidated/.test(line)) {
    return "wal-removed";
  }
  if (/is not a child of this server's history/.test(line)) return "diverged";
  if (/highest timeline \d+ of the primary is behind recovery timeline/.test(line)) return "diverged";
  if (/is ahead of the WAL flush position of this server/.test(line)) return "diverged";
  if (/new timeline \d+ forked off current database system timeline \d+ before current recovery point/.test(line)) {
    return "diverged";
  }
  return null;
}
