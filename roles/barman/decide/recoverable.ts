// PURE: which moments can be restored: from which backup, over which timelines, up to which WAL, and what is missing.
import { compareLsn, forkInto } from "../../../core/postgres/lsn.ts";
import { lastSegmentBefore, segmentAfter, type WalFile, walName } from "../../../core/postgres/wal-name.ts";
import { type Archive, chainTo, placed, type WalChain } from "./wal-chain.ts";

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
  const places = placed(archive.files);
  const oldestFirst = backups.toSorted((a, b) => a.id < b.id ? -1 : 1);
  return [...timelines].toSorted((a, b) => a - b).flatMap((timeline) => {
    const chain = chainTo(timeline, archive, places);
    if (chain === null) return [];
    for (const backup of oldestFirst) {
      const window = windowOf(backup, chain, archive);
      if (window !== null) return [window];
    }
    return [];
  });
}

/**
 * The last file of the WAL from the backup on, if it leads to the timeline; null if the backup does not, or WAL from before its end
 * is missing.
 */
export function lastOf(backup: BackupPlace, chain: WalChain): WalFile | null {
  const last = isOnTheWay(backup, chain) ? chain.rowEnd(backup.beginSegment) : null;
  const end = lastSegmentBefore(backup.endLsn, chain.segmentBytes);
  return last !== null && last.segment >= end ? last : null;
}

/** Whether a backup ended in the history of the timeline. */
export function isOnTheWay(backup: Pick<BackupPlace, "timeline" | "endLsn">, chain: WalChain): boolean {
  const left = chain.history.find((f) => f.timeline === backup.timeline)?.endLsn ?? null;
  return left === null ? backup.timeline === chain.timeline : compareLsn(backup.endLsn, left) <= 0;
}

function windowOf(backup: BackupPlace, chain: WalChain, archive: Archive): Window | null {
  const { timeline } = chain;
  const last = lastOf(backup, chain);
  if (last?.timeline !== timeline) return null;
  const begin = forkInto(timeline, chain);
  const fromLsn = begin !== null && compareLsn(begin, backup.endLsn) > 0 ? begin : backup.endLsn;
  return { timeline, backup: backup.id, fromLsn, lastWal: last.name, missing: missingAfter(last, archive) };
}

function missingAfter(last: WalFile, { files, segmentBytes }: Archive): Window["missing"] {
  const later = files.filter((f) => f.timeline === last.timeline && f.segment > last.segment);
  if (later.length === 0) return null;
  const next = later.reduce((a, b) => a.segment <= b.segment ? a : b).segment;
  const name = (segment: bigint) => walName(last.timeline, segment, segmentBytes);
  return { from: name(segmentAfter(last)), to: name(next - 1n) };
}
