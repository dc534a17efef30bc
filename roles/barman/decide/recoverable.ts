// PURE: which moments can be restored: from which backup, over which timelines, up to which WAL, and what is missing.
import { compareLsn, forkInto } from "../../../core/postgres/lsn.ts";
import { type WalFile, walName } from "../../../core/postgres/wal-name.ts";
import { type Archive, chainTo, lastSegmentBefore, rowFrom, type WalChain } from "./wal-chain.ts";

/** A finished backup, from barman's record. */
export interface BackupPlace {
  id: string;
  timeline: number;
  /** the first segment that it needs */
  beginSegment: bigint;
  /** before this no restore from it is consistent */
  endLsn: string;
  /** when it ended, microseconds since 1970; null if the record does not say */
  endMicros: bigint | null;
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
  const oldestFirst = backups.toSorted((a, b) => a.id < b.id ? -1 : 1);
  return [...timelines].toSorted((a, b) => a - b).flatMap((timeline) => {
    const chain = chainTo(timeline, archive);
    if (chain === null) return [];
    for (const backup of oldestFirst) {
      const window = windowOf(backup, chain, archive);
      if (window !== null) return [window];
    }
    return [];
  });
}

/** Whether the backup lies on the way to the timeline: it ended before its own timeline was left. */
export function isOnTheWay(backup: BackupPlace, { timeline, history }: WalChain): boolean {
  if (backup.timeline === timeline) return true;
  const left = history.find((f) => f.timeline === backup.timeline)?.endLsn ?? null;
  return left !== null && compareLsn(backup.endLsn, left) <= 0;
}

function windowOf(backup: BackupPlace, chain: WalChain, archive: Archive): Window | null {
  const { timeline, segmentBytes } = chain;
  if (!isOnTheWay(backup, chain)) return null;
  const last = rowFrom(backup.beginSegment, chain).at(-1);
  if (last === undefined || last.timeline !== timeline) return null;
  if (last.segment < lastSegmentBefore(backup.endLsn, segmentBytes)) return null;
  const begin = forkInto(timeline, chain);
  const fromLsn = begin !== null && compareLsn(begin, backup.endLsn) > 0 ? begin : backup.endLsn;
  return { timeline, backup: backup.id, fromLsn, lastWal: last.name, missing: missingAfter(last, archive) };
}

function missingAfter(last: WalFile, { files, segmentBytes }: Archive): Window["missing"] {
  const later = files.filter((f) => f.timeline === last.timeline && f.segment > last.segment);
  if (later.length === 0) return null;
  const next = later.reduce((a, b) => a.segment <= b.segment ? a : b).segment;
  const from = last.partial ? last.segment : last.segment + 1n;
  const name = (segment: bigint) => walName(last.timeline, segment, segmentBytes);
  return { from: name(from), to: name(next - 1n) };
}
