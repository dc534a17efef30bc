// PURE: how far barman's WAL receiver is behind the primary, from looks at the primary.
import { parseLsn } from "../../../core/postgres/lsn.ts";

/** What one look at the primary has seen. */
export interface ReceiverSeen {
  atMs: number;
  /** the end of the primary's WAL */
  endLsn: string;
  /** all before it has been received and flushed */
  receivedLsn: string;
  /** how long the last flush took after the primary's own, milliseconds; null: the receiver is away, or idle */
  flushLagMs: number | null;
}

/** How far it is behind. `atMs`: when that was last seen; null: it could not be seen since, or is not known yet. */
export interface ReceiverLag {
  atMs: number;
  bytes: number | null;
  seconds: number | null;
}

/** Where the primary's WAL ended at earlier looks, oldest first. */
export type LagPoints = readonly { lsn: bigint; atMs: number }[];

/** With more points than this the finer half is forgotten. */
const mostPoints = 400;

/**
 * The lag, and the points for the next look. Behind by so many seconds: since the last look at which the primary had no more WAL
 * than has been received; null if that was before the first look.
 */
export function measureLag(points: LagPoints, seen: ReceiverSeen): { lag: ReceiverLag; points: LagPoints } {
  const [end, received] = [parseLsn(seen.endLsn), parseLsn(seen.receivedLsn)];
  const reached = points.findLast((p) => p.lsn <= received);
  const last = points.at(-1);
  // beyond its end are points of a lost primary, which had more WAL
  const open = points.filter((p) => p.lsn > received && p.lsn < end);
  const next = [...(reached && received < end ? [reached] : []), ...open, { lsn: end, atMs: seen.atMs }];
  const sinceMs = reached === undefined ? null : seen.atMs - reached.atMs;
  // it keeps up: then the interval of the looks says less than PostgreSQL's own measure
  const keepsUp = reached !== undefined && reached === last;
  const behindMs = keepsUp && sinceMs !== null ? Math.min(seen.flushLagMs ?? sinceMs, sinceMs) : sinceMs;
  return {
    lag: {
      atMs: seen.atMs,
      bytes: Math.max(0, Number(end - received)),
      seconds: received >= end ? 0 : behindMs === null ? null : behindMs / 1000,
    },
    points: next.length <= mostPoints ? next : next.filter((_, i) => i % 2 === 0 || i === next.length - 1),
  };
}
