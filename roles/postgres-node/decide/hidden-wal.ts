// PURE: which file of pg_wal hides WAL that is already here. A WAL receiver starts at the beginning of a segment, so a standby
// that follows a new timeline receives once more what that timeline has taken over from its parent. PostgreSQL reads a segment
// on the newest timeline that has a file of it, be it ever so short (XLogFileReadAnyTLI in xlogrecovery.c of PostgreSQL 17).
// Until the new file reaches the fork, neither a start nor a promotion finds what the parent's file holds beyond its end.
import { compareLsn, formatLsn, parseLsn, type TimelineFork, type WalPosition } from "../../../core/postgres/lsn.ts";
import {
  historyName,
  lastSegmentBefore,
  parseWalName,
  segmentOf,
  type WalFile,
  walName,
} from "../../../core/postgres/wal-name.ts";

export interface WalDirectory {
  /** of the control file: a start needs no WAL before it */
  redoLsn: string;
  /** the timeline from which PostgreSQL looks for newer ones */
  timeline: number;
  /** names in pg_wal */
  files: readonly string[];
  /** what the history files say; a place-holder says nothing */
  histories: ReadonlyMap<number, readonly TimelineFork[]>;
  /** size of a WAL file, bytes */
  segmentBytes: number;
}

/** One of several files that hold the same stretch of WAL, and where reading begins in order to find how far it reaches. */
export interface WalCopy {
  timeline: number;
  file: string;
  /** where its timeline left its parent; null for the first timeline */
  forkLsn: string | null;
  firstFile: string;
  startLsn: string;
  /** the beginning and the end of the segment */
  segmentLsn: string;
  endLsn: string;
}

/** How far the valid WAL of a copy reaches; `empty`: it holds no valid record, and `lsn` is where reading began. */
export interface CopyEnd {
  lsn: string;
  empty: boolean;
}

/** A timeline of the history that PostgreSQL follows here, and where it left its parent. */
interface Ancestor {
  timeline: number;
  forkLsn: string | null;
}

/** The newest timeline that PostgreSQL finds, probing upwards one by one, and its ancestors: newest first. */
function lineage({ timeline, files, histories }: WalDirectory): Ancestor[] {
  let newest = timeline;
  while (files.includes(historyName(newest + 1))) newest++;
  // place-holders above the newest history are removed before a start
  while (newest > timeline && (histories.get(newest)?.length ?? 0) === 0) newest--;
  const history = histories.get(newest) ?? [];
  const chain = [...history.map((f) => f.timeline), newest];
  return chain.map((t, i) => ({ timeline: t, forkLsn: history[i - 1]?.endLsn ?? null })).toReversed();
}

/**
 * The first segment of the newest timeline that has one, and the files of its ancestors that would be read in its place, newest
 * first. None if no two files hold the same WAL, or if a start needs nothing before that fork.
 */
export function copiesOf(directory: WalDirectory): WalCopy[] {
  const { files, redoLsn, segmentBytes } = directory;
  const walFiles = files.flatMap((name) => parseWalName(name, segmentBytes) ?? []).filter((f) => !f.partial);
  const ancestors = lineage(directory);
  const at = ancestors.findIndex(({ timeline, forkLsn }) =>
    forkLsn !== null && files.includes(walName(timeline, segmentOf(forkLsn, segmentBytes), segmentBytes))
  );
  const newest = ancestors[at];
  if (!newest || newest.forkLsn === null || compareLsn(redoLsn, newest.forkLsn) >= 0) return [];
  const fork = newest.forkLsn;
  // of a timeline that begins with a segment, its ancestors have the end of the segment before
  const before = lastSegmentBefore(fork, segmentBytes);
  const older = ancestors.slice(at + 1).filter(({ timeline, forkLsn }) =>
    (forkLsn === null || segmentOf(forkLsn, segmentBytes) <= before) &&
    files.includes(walName(timeline, before, segmentBytes))
  );
  const first = segmentOf(fork, segmentBytes);
  // what follows without a gap would be lost from sight with its first segment
  const goesOn = walFiles.some((f) => f.timeline === newest.timeline && f.segment > first);
  if (older.length === 0 || goesOn) return [];
  return [copyOf(newest, first, directory, walFiles), ...older.map((a) => copyOf(a, before, directory, walFiles))];
}

function copyOf(
  { timeline, forkLsn }: Ancestor,
  segment: bigint,
  { redoLsn, segmentBytes }: WalDirectory,
  walFiles: readonly WalFile[],
): WalCopy {
  const startOf = (n: bigint) => formatLsn(n * BigInt(segmentBytes));
  const name = (n: bigint) => walName(timeline, n, segmentBytes);
  const redo = segmentOf(redoLsn, segmentBytes);
  // the last record before a fork may have begun in the segment before
  const hasPrevious = walFiles.some((f) => f.timeline === timeline && f.segment === segment - 1n);
  const from = redo < segment && hasPrevious ? segment - 1n : segment;
  return {
    timeline,
    forkLsn,
    file: name(segment),
    firstFile: name(from),
    startLsn: redo === from ? redoLsn : startOf(from),
    segmentLsn: startOf(segment),
    endLsn: startOf(segment + 1n),
  };
}

/** Whether a copy reaches the fork at which its timeline began: it then hides nothing. */
export function reachesFork({ forkLsn }: Pick<WalCopy, "forkLsn">, end: CopyEnd): boolean {
  return !end.empty && (forkLsn === null || compareLsn(end.lsn, forkLsn) >= 0);
}

/** A copy whose end is known. */
export interface MeasuredCopy extends Pick<WalCopy, "timeline" | "file" | "forkLsn"> {
  end: CopyEnd;
}

/** Files that hide WAL, and the one that a start reads once they are gone. */
export interface HiddenWal {
  hiding: readonly MeasuredCopy[];
  kept: MeasuredCopy;
}

/**
 * Of the copies, newest first, the one that holds most is kept, and those above it hide it. What comes after a copy that reaches
 * its fork is older history, and does not count. Null if nothing is hidden: a copy goes only if an older one holds more, or if
 * it holds nothing at all.
 */
export function hiddenBy(copies: readonly MeasuredCopy[]): HiddenWal | null {
  const sound = copies.findIndex((c) => reachesFork(c, c.end));
  const among = sound < 0 ? copies : copies.slice(0, sound + 1);
  let best = 0;
  for (const [i, { end }] of among.entries()) {
    const than = among[best]!.end;
    const more = compareLsn(end.lsn, than.lsn);
    if (!end.empty && (more > 0 || (more === 0 && than.empty))) best = i;
  }
  return best === 0 ? null : { hiding: among.slice(0, best), kept: among[best]! };
}

/** The end of WAL that was read on `timeline`, on the timeline of its history to which it belongs. */
export function belongsTo(end: WalPosition, history: readonly TimelineFork[]): WalPosition {
  const fork = history.at(-1);
  if (fork === undefined || parseLsn(end.lsn) >= parseLsn(fork.endLsn)) return end;
  const timeline = history.find((f) => compareLsn(end.lsn, f.endLsn) <= 0)!.timeline;
  return { ...end, timeline };
}

/** Why a standby is not promoted as it is. */
export function hidingText(file: string): string {
  return `${file} is received again from its beginning and hides WAL that this standby has, so its server starts again first`;
}
