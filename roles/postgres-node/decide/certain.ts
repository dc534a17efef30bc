// PURE: how far a node's WAL reaches, and whether it knows. Whoever has acknowledged a commit must not look like one that has
// not: a strict failover would pass it over.
import { maxLsn, type WalPosition } from "../../../core/postgres/lsn.ts";

/** What a running server says of its own position. */
export interface ServerPosition {
  standby: boolean;
  timeline: number;
  lsn: string | null;
}

/** What was known before: the end of WAL found on disk before the start, and the timeline that the server said last. */
export interface KnownPosition {
  found: WalPosition | null;
  seenTimeline: number | null;
}

/**
 * What a standby says of itself falls short after a start: it tells its timeline while it streams, in between that of its last
 * restart point, and what it had received before only once that is replayed. What was found on disk is there all the same.
 */
export function withFoundWal<T extends ServerPosition>(state: T, { found, seenTimeline }: KnownPosition): T {
  if (!state.standby) return state;
  const timeline = Math.max(state.timeline, seenTimeline ?? 0, found?.timeline ?? 0);
  return { ...state, timeline, lsn: found?.timeline === timeline ? maxLsn(state.lsn, found.lsn) : state.lsn };
}

export interface CertaintyView {
  /** the data directory holds a cluster, and the end of its WAL could be read */
  endRead: boolean;
  /** a server has run since the directory was looked at */
  ranSince: boolean;
  /** a clone or a rewind is at work on it */
  beingReplaced: boolean;
  postmasterRuns: boolean;
  /** what the server has just answered; null where it did not */
  server: { standby: boolean; streaming: boolean } | null;
}

/** Whether nothing that this node has is missing from the position it tells. */
export function positionCertain(view: CertaintyView): boolean {
  if (!view.postmasterRuns) return view.endRead && !view.ranSince && !view.beingReplaced;
  if (view.server === null) return false;
  return !view.server.standby || view.server.streaming || view.endRead;
}
