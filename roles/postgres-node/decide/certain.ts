// PURE: how far a node's WAL reaches, and whether the node knows it. A node that has acknowledged a commit must not look as if
// it lacked that commit: a strict failover would pass it over.
import { maxLsn, type WalPosition } from "../../../core/postgres/lsn.ts";

/** What a running server reports as its own position. */
export interface ServerPosition {
  standby: boolean;
  timeline: number;
  lsn: string | null;
}

/** What was known before: the end of WAL found on disk before the start, and the timeline that the server reported last. */
export interface KnownPosition {
  found: WalPosition | null;
  seenTimeline: number | null;
}

/**
 * After a start, a standby reports too little. While it does not stream, its timeline is that of its last restart point. Its
 * LSN leaves out WAL that it received earlier and has not replayed yet. The WAL found on disk fills both gaps.
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
  /** what the server has just answered; null if it did not answer */
  server: { standby: boolean; streaming: boolean } | null;
}

/** Whether the position that this node reports covers all of its WAL. */
export function positionCertain(view: CertaintyView): boolean {
  if (!view.postmasterRuns) return view.endRead && !view.ranSince && !view.beingReplaced;
  if (view.server === null) return false;
  return !view.server.standby || view.server.streaming || view.endRead;
}
