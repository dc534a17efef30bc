// PURE: whether a base backup is a full one or holds only what has changed since another one, and why.
import { compareLsn } from "../../../core/postgres/lsn.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import { isOnTheWay } from "./recoverable.ts";
import type { WalChain } from "./wal-chain.ts";

/** What is asked for: by the schedule, by hand, or a full one in any case. */
export type KindWanted = "full" | "scheduled" | "incremental";

/** `parent`: the backup that an incremental one builds on. */
export type Kind =
  /** `fix`: what makes incremental ones possible again; null: nothing has to be done */
  | { kind: "full"; because: string; fix: string | null }
  | { kind: "incremental"; because: string; parent: Parent };

export type Parent = Pick<BackupRecord, "id" | "beginLsn" | "endLsn">;

/** What an operator does about nodes that keep no WAL summaries. */
export const summarize = "add summarize_wal:on to CONFIGS of every node";

/** What the decision looks at. */
export interface KindView {
  wanted: KindWanted;
  /** BACKUP_INCREMENTAL: of so many scheduled backups one is a full one; 0: all are */
  every: number;
  /** BACKUP_COMPRESSION is set */
  compressing: boolean;
  /** why the last attempt, at an incremental one, failed; null: it did not */
  failure: string | null;
  /** finished backups, oldest first, each with all those that it builds on */
  backups: readonly BackupRecord[];
  /** ids of backups that are kept without the WAL after them */
  keptAlone: readonly string[];
  /** the way to the primary's timeline; null: barman does not know it */
  chain: WalChain | null;
}

/** Decides what the next backup is, as far as the backups that are there matter. */
export function decideKind({ wanted, every, compressing, failure, backups, keptAlone, chain }: KindView): Kind {
  const full = (because: string, fix: string | null = null): Kind => ({ kind: "full", because, fix });
  if (wanted === "full") return full("an incremental one was not asked for");
  if (wanted === "scheduled" && every === 0) return full("BACKUP_INCREMENTAL is 0");
  if (compressing) return full("BACKUP_COMPRESSION is set", "unset BACKUP_COMPRESSION, and take a full backup first");
  if (failure !== null) return full(failure);
  const parent = backups.at(-1);
  if (parent === undefined) return full("there is no finished backup to build on");
  const built = chainOf(parent.id, backups) ?? [];
  if (wanted === "scheduled" && built.length >= every) {
    return full(`BACKUP_INCREMENTAL is ${every}, and ${built.length} were taken since the last full one began`);
  }
  if (parent.tablespaces.length > 0) return full("the cluster has tablespaces");
  if (parent.compression !== null) return full(`backup ${parent.id} is compressed, so that none can build on it`);
  if (!parent.summarized) return full(`summarize_wal was off when backup ${parent.id} was taken`, summarize);
  if (chain === null || !isOnTheWay(parent, chain)) {
    return full(`backup ${parent.id} is not in the history of the primary's timeline`);
  }
  if (built.some((id) => keptAlone.includes(id))) {
    return full(`backup ${built[0]} is kept without the WAL after it, so that what builds on it would be removed`);
  }
  return { kind: "incremental", because: `it builds on backup ${parent.id}`, parent };
}

/** The backups that make up this one, the full one first; null: one of them is missing. */
export function chainOf(id: string, backups: readonly Pick<BackupRecord, "id" | "parent">[]): string[] | null {
  const ids: string[] = [];
  for (let next: string | null = id; next !== null;) {
    const found = backups.find((b) => b.id === next);
    if (found === undefined || ids.includes(next)) return null;
    ids.unshift(next);
    next = found.parent;
  }
  return ids;
}

/** What a node can say of its WAL summaries. */
export interface Summaries {
  /** summarize_wal */
  on: boolean;
  /** from where to where the summaries reach that end at or after the begin of the parent */
  ranges: readonly { start: string; end: string }[];
}

/** Why an incremental backup cannot be copied from a node; null: it can. PostgreSQL waits for summaries of the newest WAL. */
export function whyNoIncrement({ on, ranges }: Summaries, parent: Parent): string | null {
  if (!on) return "has summarize_wal off";
  let reached = parent.beginLsn;
  for (const { start, end } of ranges.toSorted((a, b) => compareLsn(a.start, b.start))) {
    if (compareLsn(start, reached) > 0) return `has no WAL summaries from ${reached} to ${start}`;
    if (compareLsn(end, reached) > 0) reached = end;
  }
  return ranges.length === 0 ? `has no WAL summaries from ${parent.beginLsn} on` : null;
}
