// PURE: how far a standby is behind its primary. What is not known is null, never 0.
import { bytesAhead, compareLsn } from "../../../core/postgres/lsn.ts";
import type { ServerSeen } from "./server-seen.ts";
import { type CutOff, type Peer, type PrimaryInSight, reached } from "./view.ts";

/** How far the primary was, as this node has learnt from anybody, and when (the clock's milliseconds). */
export interface PrimaryEnd {
  timeline: number;
  lsn: string;
  atMs: number;
}

/** How far the primary is at least: it says so, and the others say what they have of its timeline. Null if it is this node. */
export function endOf(
  { host, timeline, systemIdentifier }: Pick<PrimaryInSight, "host" | "timeline" | "systemIdentifier">,
  peers: readonly Peer[],
  atMs: number,
): PrimaryEnd | null {
  const there = reached({ peers }).filter((p) => p.systemIdentifier === systemIdentifier);
  if (timeline === null || !there.some((p) => p.host === host)) return null;
  const ends = there.flatMap((p) => p.position?.timeline === timeline ? [p.position.lsn] : []);
  const lsn = ends.toSorted(compareLsn).at(-1);
  return lsn === undefined ? null : { timeline, lsn, atMs };
}

/** What an older report says of the primary's position says nothing of the present one, milliseconds. */
const freshMs = 5_000;

/**
 * WAL of the primary that this standby has not replayed, bytes. Null on a primary, and if neither the primary's position nor a
 * WAL stream shows it, or if the two are on different timelines.
 */
export function lagBytes(server: ServerSeen, end: PrimaryEnd | null): number | null {
  if (!server.standby || server.replayLsn === null) return null;
  const known = end !== null && server.atMs - end.atMs <= freshMs ? end : null;
  if (known !== null && known.timeline !== server.timeline) return null;
  if (known === null && server.upstream?.streaming !== true) return null;
  const ends = [server.announcedLsn, server.lsn, known?.lsn ?? null].filter((l) => l !== null);
  const newest = ends.toSorted(compareLsn).at(-1);
  return newest === undefined ? null : Math.max(0, bytesAhead(newest, server.replayLsn));
}

/**
 * How old the last replayed commit is, but not older than the moment when nothing was left to replay, seconds; 0 if nothing is
 * left now. Null if that is not known.
 */
export function lagSeconds(server: ServerSeen, bytes: number | null, caughtUpMs: number | null): number | null {
  if (bytes === null) return null;
  if (bytes === 0) return 0;
  const since = caughtUpMs === null ? null : Math.max(0, server.atMs - caughtUpMs) / 1000;
  const ages = [server.commitAgeSeconds, since].filter((s) => s !== null);
  return ages.length === 0 ? null : Math.min(...ages);
}

/**
 * What a standby is known to lack of the primary that was last in sight. Null if that is nothing, or if it streamed until
 * `allowedMs` before that; 0: however long ago.
 */
export function cutOff(
  position: { timeline: number; lsn: string },
  { end, lastStreamMs, allowedMs }: { end: PrimaryEnd | null; lastStreamMs: number | null; allowedMs: number },
): CutOff | null {
  if (end === null || lastStreamMs === null || allowedMs === 0 || end.timeline < position.timeline) return null;
  const bytes = end.timeline === position.timeline ? bytesAhead(end.lsn, position.lsn) : null;
  const ms = end.atMs - lastStreamMs;
  return (bytes !== null && bytes <= 0) || ms <= allowedMs ? null : { ms, bytes, allowedMs };
}

/** A standby that does not stream although a primary is in sight is not ready after this time, milliseconds. */
const streamGraceMs = 10_000;

/** Why a standby is not ready to serve reads: what it shows may be of any age. Null if it is ready. */
export function whyNotReady(
  { replayPaused, streaming, primaryInSight, notStreamingMs, trouble }: {
    replayPaused: boolean;
    streaming: boolean;
    primaryInSight: boolean;
    notStreamingMs: number;
    trouble: { because: string } | null;
  },
): string | null {
  const why = trouble === null ? "" : `: ${trouble.because}`;
  if (replayPaused) return `its replay of WAL is paused${why}`;
  if (streaming || !primaryInSight || notStreamingMs < streamGraceMs) return null;
  return `it has not streamed for ${Math.round(notStreamingMs / 1000)} s${why}`;
}
