// PURE: which moments can be restored: from which backup, over which timelines, up to which WAL, and what is missing.
import { compareLsn, forkInto, parseLsn, type TimelineFork } from "../../../core/postgres/lsn.ts";
import { segmentOf, type WalFile, walName } from "../../../core/postgres/wal-name.ts";

/** A finished backup, from barman's record. */
export interface BackupPlace {
  id: string;
  timeline: number;
  /** the first segment that it needs */
  beginSegment: bigint;
  /** before this no restore from it is consistent */
  endLsn: string;
  endSeconds: number | null;
}

/** All WAL that barman has, archived or being received, and the history of every timeline but the first. */
export interface Archive {
  segmentBytes: number;
  files: readonly WalFile[];
  histories: ReadonlyMap<number, readonly TimelineFork[]>;
}

/** What can be restored of one timeline. */
export interface Window {
  timeline: number;
  /** the oldest backup from which it can be reached */
  backup: string;
  /** the first moment: the end of that backup, or where the timeline begins */
  fromLsn: string;
  /** the last WAL file before what is missing, or the newest one */
  lastWal: string;
  /** WAL that is missing after that, although later WAL is there */
  missing: { from: string; to: string } | null;
}

/** The windows of all timelines that can be reached, the newest timeline last. */
export function recoverable(backups: readonly BackupPlace[], archive: Archive): Window[] {
  const timelines = new Set([...archive.files.map((f) => f.timeline), ...archive.histories.keys()]);
  const byPlace = placed(archive.files);
  const oldestFirst = backups.toSorted((a, b) => a.id < b.id ? -1 : 1);
  return [...timelines].toSorted((a, b) => a - b).flatMap((timeline) => {
    for (const backup of oldestFirst) {
      const window = windowOf(backup, timeline, { ...archive, byPlace });
      if (window !== null) return [window];
    }
    return [];
  });
}

type Placed = Archive & { byPlace: ReadonlyMap<string, WalFile> };

const placeOf = (timeline: number, segment: bigint) => `${timeline} ${segment}`;

/** A whole file is preferred to one that was never finished. */
function placed(files: readonly WalFile[]): ReadonlyMap<string, WalFile> {
  const places = new Map<string, WalFile>();
  for (const file of files.toSorted((a, b) => Number(b.partial) - Number(a.partial))) {
    places.set(placeOf(file.timeline, file.segment), file);
  }
  return places;
}

function windowOf(backup: BackupPlace, timeline: number, archive: Placed): Window | null {
  const { segmentBytes } = archive;
  const target = { timeline, history: archive.histories.get(timeline) ?? [] };
  if (timeline > 1 && !archive.histories.has(timeline)) return null;
  const left = target.history.find((f) => f.timeline === backup.timeline)?.endLsn ?? null;
  if (backup.timeline !== timeline && (left === null || compareLsn(backup.endLsn, left) > 0)) return null;
  const chain = [...target.history.map((f) => f.timeline), timeline].map((t) => ({ t, begin: forkInto(t, target) }));
  // PostgreSQL reads each segment from the newest timeline of the history that has begun by then
  const timelineAt = (segment: bigint) =>
    chain.findLast(({ begin }) => begin === null || segmentOf(begin, segmentBytes) <= segment)?.t ?? timeline;
  const found = (segment: bigint) => archive.byPlace.get(placeOf(timelineAt(segment), segment)) ?? null;
  const last = lastFrom(backup.beginSegment, found);
  if (last === null || last.timeline !== timeline || last.segment < endSegment(backup.endLsn, segmentBytes)) {
    return null;
  }
  const begin = forkInto(timeline, target);
  const fromLsn = begin !== null && compareLsn(begin, backup.endLsn) > 0 ? begin : backup.endLsn;
  return { timeline, backup: backup.id, fromLsn, lastWal: last.name, missing: missingAfter(last, archive) };
}

/** The last file of an unbroken row. */
function lastFrom(segment: bigint, found: (segment: bigint) => WalFile | null): WalFile | null {
  let last: WalFile | null = null;
  for (let file = found(segment); file !== null; file = file.partial ? null : found(file.segment + 1n)) last = file;
  return last;
}

/** A backup that ends exactly where a segment begins needs nothing of that segment. */
function endSegment(lsn: string, segmentBytes: number): bigint {
  return (parseLsn(lsn) - 1n) / BigInt(segmentBytes);
}

function missingAfter(last: WalFile, { files, segmentBytes }: Archive): Window["missing"] {
  const later = files.filter((f) => f.timeline === last.timeline && f.segment > last.segment);
  if (later.length === 0) return null;
  const next = later.reduce((a, b) => a.segment <= b.segment ? a : b).segment;
  const from = last.partial ? last.segment : last.segment + 1n;
  const name = (segment: bigint) => walName(last.timeline, segment, segmentBytes);
  return { from: name(from), to: name(next - 1n) };
}
