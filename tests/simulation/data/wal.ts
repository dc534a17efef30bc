// WAL as a tree. A promotion begins a branch with the number of its timeline. Two branches of one number are two histories, which
// PostgreSQL takes for one.
import { formatLsn, type TimelineFork, type TimelineOrigin, type WalPosition } from "../../../core/postgres/lsn.ts";

export interface Branch {
  timeline: number;
  /** where it left its parent; null for the first one */
  from: Wal | null;
  /** its history file */
  history: readonly Fork[];
  /** how far any node has written it */
  tip: number;
  /** its first record, by which it is known */
  origin: string;
  /** false: written by a server that knew of no cluster and needed no lease */
  leased: boolean;
}

/** A line of a history file, with the end as a number. */
interface Fork extends TimelineFork {
  end: number;
}

/** All records from the beginning to `end`, the last ones on `branch`. A value: it is replaced, never changed. */
export interface Wal {
  branch: Branch;
  end: number;
}

const texts: string[] = [];
export const lsnOf = (end: number): string => texts[end] ??= formatLsn(BigInt(end + 1) * 64n);
export const positionOf = ({ branch, end }: Wal): WalPosition => ({ timeline: branch.timeline, lsn: lsnOf(end) });

export function firstWal(): Wal {
  return { branch: { timeline: 1, from: null, history: [], tip: 1, origin: "first", leased: true }, end: 1 };
}

/** The branch that a promotion at the end of this WAL begins. Its first record is not written yet. */
export function beginBranch(from: Wal, timeline: number, origin: string): Branch {
  const fork = { timeline: from.branch.timeline, end: from.end, endLsn: lsnOf(from.end) };
  return { timeline, from, history: [...from.branch.history, fork], tip: from.end, origin, leased: true };
}

/** One more record. Where another node has written more of this branch, the two are different histories of one number. */
export function write({ branch, end }: Wal, leased = true): Wal {
  const same = end === branch.tip && leased === branch.leased;
  const onto = same ? branch : { ...branch, from: { branch, end }, leased };
  onto.tip = end + 1;
  return { branch: onto, end: end + 1 };
}

/** How much of `branch` this WAL has; 0 if nothing. */
export function coverOf(wal: Wal, branch: Branch): number {
  let { end } = wal;
  for (let b: Branch | undefined = wal.branch; b; end = b.from?.end ?? 0, b = b.from?.branch) {
    if (b === branch) return end;
  }
  return 0;
}

export const contains = (wal: Wal, part: Wal): boolean => coverOf(wal, part.branch) >= part.end;

/** The part of this WAL up to `end`. */
export function cutAt(wal: Wal, end: number): Wal {
  let { branch } = wal;
  while (branch.from !== null && branch.from.end >= end) ({ branch } = branch.from);
  return { branch, end: Math.min(end, wal.end) };
}

/** The end of what both have. */
export function commonEnd(a: Wal, b: Wal): number {
  let at: Wal | null = a;
  while (at !== null) {
    const cover = coverOf(b, at.branch);
    if (cover > 0) return Math.min(cover, at.end);
    at = at.branch.from;
  }
  return 0;
}

/** The end of what both have by the numbers of their timelines, as pg_rewind and a WAL sender see it. */
export function commonByNumber(a: Wal, b: Wal): number {
  const line = (w: Wal) => [...w.branch.history, { timeline: w.branch.timeline, end: w.end }];
  const theirs = line(b);
  let common = 0;
  for (const [i, { timeline, end }] of line(a).entries()) {
    if (theirs[i]?.timeline !== timeline) break;
    common = Math.min(end, theirs[i]!.end);
    if (end !== theirs[i]!.end) break;
  }
  return common;
}

/** How the branch of this timeline began. */
export function originIn(wal: Wal, timeline: number): TimelineOrigin | null {
  for (let at: Wal | null = wal; at !== null; at = at.branch.from) {
    const fork = at.branch.history.at(-1);
    if (at.branch.timeline !== timeline || fork === undefined) continue;
    return { forkLsn: fork.endLsn, record: at.end > fork.end ? at.branch.origin : null };
  }
  return null;
}
