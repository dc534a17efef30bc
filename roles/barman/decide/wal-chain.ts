// PURE: the WAL files through which PostgreSQL goes on its way to a timeline, from one segment to the next.
import { forkInto, type TimelineFork } from "../../../core/postgres/lsn.ts";
import { segmentOf, type WalFile } from "../../../core/postgres/wal-name.ts";

/** All WAL that barman has, archived or being received, and the history of every timeline but the first. */
export interface Archive {
  segmentBytes: number;
  files: readonly WalFile[];
  histories: ReadonlyMap<number, readonly TimelineFork[]>;
}

/** The way to one timeline. */
export interface WalChain {
  timeline: number;
  /** its ancestors, oldest first */
  history: readonly TimelineFork[];
  segmentBytes: number;
  /** the timeline under whose name a segment is read */
  timelineAt(segment: bigint): number;
  /** the file of a segment; null if it is not there */
  found(segment: bigint): WalFile | null;
  /** the last file of the unbroken row from a segment on; null if the segment is not there */
  rowEnd(segment: bigint): WalFile | null;
}

/** Null if the history of the timeline is not there. `places`: placed(), for whoever asks for more than one timeline. */
export function chainTo(timeline: number, archive: Archive, places = placed(archive.files)): WalChain | null {
  const { segmentBytes } = archive;
  const history = archive.histories.get(timeline) ?? [];
  if (timeline > 1 && !archive.histories.has(timeline)) return null;
  const target = { timeline, history };
  const begins = [...history.map((f) => f.timeline), timeline].map((t) => {
    const begin = forkInto(t, target);
    return { t, segment: begin === null ? -1n : segmentOf(begin, segmentBytes) };
  });
  // PostgreSQL reads each segment from the newest timeline of the history that has begun by then
  const timelineAt = (segment: bigint) => begins.findLast((b) => b.segment <= segment)?.t ?? timeline;
  const found = (segment: bigint) => places.get(timelineAt(segment))?.get(segment)?.file ?? null;
  const rowEnd = (segment: bigint): WalFile | null => {
    const placed = places.get(timelineAt(segment))?.get(segment);
    if (placed === undefined) return null;
    const next = begins.find((b) => b.segment > segment)?.segment;
    const { runEnd } = placed;
    if (next === undefined || runEnd.segment < next - 1n || (runEnd.partial && runEnd.segment < next)) return runEnd;
    return rowEnd(next) ?? found(next - 1n);
  };
  return { timeline, history, segmentBytes, timelineAt, found, rowEnd };
}

interface Placed {
  file: WalFile;
  /** the last file of the unbroken row of the same timeline from this one on */
  runEnd: WalFile;
}

/** The file of each segment of each timeline. A whole one is preferred to one that was never finished, which ends its row. */
export function placed(files: readonly WalFile[]): ReadonlyMap<number, ReadonlyMap<bigint, Placed>> {
  const places = new Map<number, Map<bigint, Placed>>();
  // from the last to the first, and of one segment the whole file after the unfinished one
  const backwards = files.toSorted((a, b) =>
    a.segment === b.segment ? Number(b.partial) - Number(a.partial) : a.segment > b.segment ? -1 : 1
  );
  for (const file of backwards) {
    const own = places.get(file.timeline) ?? new Map<bigint, Placed>();
    places.set(file.timeline, own);
    const next = file.partial ? undefined : own.get(file.segment + 1n);
    own.set(file.segment, { file, runEnd: next?.runEnd ?? file });
  }
  return places;
}

/** The files of an unbroken row from a segment on. A file that was never finished ends it. */
export function rowFrom(segment: bigint, chain: WalChain): WalFile[] {
  const row: WalFile[] = [];
  for (let file = chain.found(segment); file !== null;) {
    row.push(file);
    file = file.partial ? null : chain.found(file.segment + 1n);
  }
  return row;
}

/** The oldest segment from which on all WAL up to this file is there. */
export function unbrokenSince({ segment }: WalFile, chain: WalChain): bigint {
  let since = segment;
  while (chain.found(since - 1n)?.partial === false) since--;
  return since;
}
