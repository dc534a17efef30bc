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
}

/** Null if the history of the timeline is not there. `byPlace`: placed(), for whoever asks for more than one timeline. */
export function chainTo(timeline: number, archive: Archive, byPlace = placed(archive.files)): WalChain | null {
  const { segmentBytes } = archive;
  const history = archive.histories.get(timeline) ?? [];
  if (timeline > 1 && !archive.histories.has(timeline)) return null;
  const target = { timeline, history };
  const chain = [...history.map((f) => f.timeline), timeline].map((t) => ({ t, begin: forkInto(t, target) }));
  // PostgreSQL reads each segment from the newest timeline of the history that has begun by then
  const timelineAt = (segment: bigint) =>
    chain.findLast(({ begin }) => begin === null || segmentOf(begin, segmentBytes) <= segment)?.t ?? timeline;
  return {
    timeline,
    history,
    segmentBytes,
    timelineAt,
    found: (segment) => byPlace.get(placeOf(timelineAt(segment), segment)) ?? null,
  };
}

const placeOf = (timeline: number, segment: bigint) => `${timeline} ${segment}`;

/** The file of each segment. A whole one is preferred to one that was never finished. */
export function placed(files: readonly WalFile[]): ReadonlyMap<string, WalFile> {
  const places = new Map<string, WalFile>();
  for (const file of files.toSorted((a, b) => Number(b.partial) - Number(a.partial))) {
    places.set(placeOf(file.timeline, file.segment), file);
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
