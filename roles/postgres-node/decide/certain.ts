// PURE: how far a node's WAL reaches, and whether the node knows it. A node that has acknowledged a commit must not look as if
// it lacked that commit: a strict failover would pass it over.
import { comparePosition, maxLsn, type TimelineFork, type WalPosition } from "../../../core/postgres/lsn.ts";
import { belongsTo } from "./hidden-wal.ts";

/** What a running server reports as its own position. */
export interface ServerPosition {
  standby: boolean;
  timeline: number;
  lsn: string | null;
}

/** What was known before: the end of WAL found on disk before the start, and the farthest that the server has reported since. */
export interface KnownPosition {
  found: WalPosition | null;
  farthest: WalPosition | null;
}

/** The newest timeline of which a node has WAL, and its history. */
export interface ReceivedWal {
  timeline: number;
  history: readonly TimelineFork[];
}

/**
 * Without a WAL receiver, and before a restart point, only its files tell on which timeline a standby is. What it has of that
 * timeline before the fork is its parent's: a receiver begins with the segment of the fork.
 */
export function withReceivedWal<T extends ServerPosition>(state: T, wal: ReceivedWal | null): T {
  if (wal === null || wal.timeline < state.timeline || state.lsn === null) return state;
  return { ...state, timeline: belongsTo({ timeline: wal.timeline, lsn: state.lsn }, wal.history).timeline };
}

/**
 * A standby reports too little. While it does not stream, its timeline may be that of its last restart point. After a start, its
 * LSN leaves out WAL that it received earlier and has not replayed yet. What was known before fills both gaps.
 */
export function withKnownWal<T extends ServerPosition>(state: T, { found, farthest }: KnownPosition): T {
  if (!state.standby) return state;
  const timeline = Math.max(state.timeline, farthest?.timeline ?? 0, found?.timeline ?? 0);
  const known = [found, farthest].filter((p) => p?.timeline === timeline);
  return { ...state, timeline, lsn: known.reduce((lsn, p) => maxLsn(lsn, p!.lsn), state.lsn) };
}

/** The farther of two positions; null counts as none. */
export function farther<T extends WalPosition>(a: T | null, b: T | null): T | null {
  if (a === null || b === null) return a ?? b;
  return comparePosition(a, b) >= 0 ? a : b;
}

export interface CertaintyView {
  /** the data directory holds a cluster, and the end of its WAL could be read */
  endRead: boolean;
  /** a server has run since the directory was looked at */
  ranSince: boolean;
  /** a clone or a rewind is at work on it */
  beingReplaced: boolean;
  postmasterRuns: boolean;
  /** what the server has just answered; null if it did not answer */
  server: { standby: boolean; streaming: boolean } | null;
}

/** Whether the position that this node reports covers all of its WAL. */
export function positionCertain(view: CertaintyView): boolean {
  if (!view.postmasterRuns) return view.endRead && !view.ranSince && !view.beingReplaced;
  if (view.server === null) return false;
  return !view.server.standby || view.server.streaming || view.endRead;
}
