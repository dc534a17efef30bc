// PURE: how a moment is restored: from which backup, over which timeline and WAL, and where recovery stops. What cannot be
// restored is refused before anything is changed, with the nearest moment that can.
import { compareLsn } from "../../../core/postgres/lsn.ts";
import {
  lastSegmentBefore,
  newestWal,
  segmentAfter,
  segmentOf,
  type WalFile,
  walName,
} from "../../../core/postgres/wal-name.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import type { Mark } from "../text/waldump.ts";
import { lastOf } from "./recoverable.ts";
import { timeText } from "../../../core/words/micros.ts";
import { type Archive, rowFrom, type WalChain } from "./wal-chain.ts";

/** Where recovery stops. */
export type Stop =
  /** `last`: the last commit before that; null: the last files of WAL hold none */
  | { at: "end"; last?: Mark | null }
  /** as soon as the backup is consistent */
  | { at: "backup" }
  /** after the record of a commit or a restore point, which begins there */
  | { at: "record"; lsn: string; included: true; mark: Mark }
  /** before the record that begins there, or the next one */
  | { at: "record"; lsn: string; included: false; mark: null };

/** How a moment is restored. */
export interface RestorePlan {
  backup: BackupRecord;
  /** the number for recovery_target_timeline */
  timeline: number;
  stop: Stop;
  /** the WAL files that recovery reads, in their order */
  wal: readonly WalFile[];
  /** the highest timeline that the archive knows: the restored cluster begins a higher one */
  newestTimeline: number;
  /** why the backup may be damaged; null or nothing: nothing speaks against it */
  doubt?: string | null;
}

/** Why a moment cannot be restored, and what can. */
export interface Refused {
  because: string;
  fix: string;
}

export type Planned = { plan: RestorePlan } | { refused: Refused };

export const refuse = (because: string, fix: string): { refused: Refused } => ({ refused: { because, fix } });

/**
 * The timeline that is restored unless the operator names one: that of the WAL which is being received, since the primary writes
 * it. A branch that was left may have a higher number.
 */
export function presentTimeline(received: readonly WalFile[], archive: Archive): number | null {
  const partial = received.filter((f) => f.partial);
  const among = partial.length > 0 ? partial : received.length > 0 ? received : archive.files;
  return newestWal(among)?.timeline ?? null;
}

/** The backups from which the timeline can be reached, each with all WAL up to its own end; oldest first. */
export function startsOf(backups: readonly BackupRecord[], chain: WalChain): BackupRecord[] {
  return backups.toSorted((a, b) => a.id < b.id ? -1 : 1).filter((backup) => lastOf(backup, chain) !== null);
}

/** The newest WAL file of the timeline; null if it has none. */
export function newestOf(chain: WalChain, archive: Archive): WalFile | null {
  return newestWal(archive.files.filter((f) => f.timeline === chain.timeline));
}

/** The first segment that is missing before the newest WAL of the timeline; null if none is. */
export function firstMissing(row: readonly WalFile[], chain: WalChain, archive: Archive): string | null {
  const last = row.at(-1);
  const newest = newestOf(chain, archive);
  if (last === undefined || newest === null || last.segment >= newest.segment) return null;
  const next = segmentAfter(last);
  return walName(chain.timelineAt(next), next, chain.segmentBytes);
}

/**
 * The plan for a stop that is known. `starts`: from startsOf(), only the one that the operator has named if there is one.
 * `notAfterMicros`: a backup that ended later is of no use.
 */
export function planFor(
  stop: Stop,
  starts: readonly BackupRecord[],
  chain: WalChain,
  archive: Archive,
  notAfterMicros: bigint | null = null,
): Planned {
  const inTime = (b: BackupRecord) =>
    notAfterMicros === null || (b.endMicros !== null && b.endMicros <= notAfterMicros);
  const fits = (b: BackupRecord) => inTime(b) && (stop.at !== "record" || compareLsn(b.endLsn, stop.lsn) <= 0);
  const backup = starts.findLast(fits);
  if (backup === undefined) return beforeAll(starts, chain);
  const row = rowFrom(backup.beginSegment, chain);
  const missing = firstMissing(row, chain, archive);
  const timelines = [...archive.histories.keys(), ...new Set(archive.files.map((f) => f.timeline))];
  const newestTimeline = Math.max(1, ...timelines);
  const planned = (wal: readonly WalFile[]) => ({
    plan: { backup, timeline: chain.timeline, stop, wal, newestTimeline },
  });
  if (stop.at === "end") return missing === null ? planned(row) : gap(missing, row, backup);
  const until = stop.at === "record"
    ? segmentOf(stop.lsn, chain.segmentBytes)
    : lastSegmentBefore(backup.endLsn, chain.segmentBytes);
  const wal = row.filter((f) => f.segment <= until);
  if ((wal.at(-1)?.segment ?? -1n) < until) {
    if (missing !== null) return gap(missing, row, backup);
    return refuse(
      `LSN ${stop.at === "record" ? stop.lsn : backup.endLsn} lies beyond all WAL that was received, which ends in ${
        row.at(-1)?.name
      }`,
      "give an earlier LSN, or --to latest",
    );
  }
  // the record at which it stops may end in the next file
  const next = stop.at === "record" ? row.filter((f) => f.segment === until + 1n) : [];
  return planned([...wal, ...next]);
}

function beforeAll(starts: readonly BackupRecord[], chain: WalChain): Planned {
  const first = starts[0];
  if (first === undefined) {
    return refuse(
      `no backup leads to timeline ${chain.timeline}`,
      "see `postdock barman list` for what can be restored; another timeline is named by --timeline",
    );
  }
  const when = first.endMicros === null ? "" : `, ${timeText(first.endMicros)}`;
  return refuse(
    `it lies before the end of the first backup that can be used, ${first.id} at LSN ${first.endLsn}${when}`,
    `the earliest moment is that one: give --backup ${first.id} --to immediate`,
  );
}

/** WAL is missing on the way. */
export function gap(missing: string, row: readonly WalFile[], backup: BackupRecord): Planned {
  return refuse(
    `WAL from ${missing} on is missing: from backup ${backup.id} recovery reaches only the end of ${row.at(-1)?.name}`,
    "give a moment before that, or one after the end of a later backup; `postdock barman list` shows both",
  );
}

/** Why a recovery to the end of WAL has ended too early: before the last commit that the plan has found; null: it has not. */
export function endedEarly(stop: Stop, replayed: string): string | null {
  const last = stop.at === "end" ? stop.last ?? null : null;
  if (last === null || compareLsn(replayed, last.lsn) > 0) return null;
  return `it replayed WAL up to ${replayed}, and the last commit, of ${timeText(last.atMicros)}, lies at ${last.lsn}`;
}
