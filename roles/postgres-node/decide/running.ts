// PURE: what the agent of a running PostgreSQL does about what it sees, once a second.
// With the lease the agent promotes first. Without it repmgrd's election comes first, and the agent covers what that leaves.
import { twoTimelines } from "./two-timelines.ts";
import { isRestored } from "./counting.ts";
import { type Peer, type PrimaryInSight, reached, type RunningView } from "./view.ts";
import { decideMayPromote } from "./promotion.ts";
import { isAncestor, sameOrigin } from "../../../core/postgres/lsn.ts";
import { hidingText } from "./hidden-wal.ts";

export type RunningPlan =
  /** `againMs`: the next look comes after this at the latest, milliseconds; `because`: why it is not promoted */
  | { do: "nothing"; againMs?: number; because?: string }
  /** another node is the real primary: stop at once and decide as at start */
  | { do: "demote"; because: string }
  /** read-write without the lease, for example promoted by hand: no client may write here */
  | { do: "fence"; because: string }
  | { do: "follow"; upstream: string; because: string }
  /** streaming cannot be repaired in place: stop and decide as at start; `clone` if a rewind cannot help */
  | { do: "rejoin"; clone: boolean; because: string }
  /** a promotion would fail, or leave WAL out: the server starts again, without the file that hides it */
  | { do: "start-again"; because: string }
  | { do: "promote"; because: string };

/** A standby that does not stream is given this long before the agent changes its upstream, milliseconds. */
export const followGraceMs = 3_000;
/**
 * Without the lease repmgrd's election has this long before the agent promotes in its place, milliseconds. After a start,
 * the former primary has the same time to come back.
 */
export const electionGraceMs = 9_000;
/** With the lease, a standby that has precedence among equals is waited for this long, milliseconds. Its voters may differ. */
export const precedenceMs = 6_000;
/** A lease that was released is left to the node that the former holder hands over to for this long, milliseconds. */
export const heirGraceMs = 1_000;
/** While a primary has only just gone out of sight, the node looks this often, milliseconds, */
export const searchMs = 250;
/** for this long, milliseconds. */
export const searchForMs = 10_000;
/** A diverged or starved standby is rejoined after this long, milliseconds. */
export const rejoinGraceMs = 5_000;

export function decideRunning(view: RunningView): RunningPlan {
  return view.role === "primary" ? decidePrimary(view) : decideStandby(view);
}

function decidePrimary(view: RunningView): RunningPlan {
  const other = view.primary;
  if (view.license === "missing") {
    return { do: "fence", because: "this node is read-write and does not hold the lease" };
  }
  if (isRestored(view, view.systemIdentifier)) {
    return {
      do: "demote",
      because:
        "this node does not remember that a majority of PARTNER_NODES has joined, but other nodes do: its volume is an older copy",
    };
  }
  if (!other || other.host === view.self.host) return { do: "nothing" };
  if (other.systemIdentifier !== view.systemIdentifier) return { do: "nothing" };
  return {
    do: "demote",
    because:
      `${other.host} is the primary on timeline ${other.timeline}, but this node is on ${view.position.timeline}`,
  };
}

function decideStandby(view: RunningView): RunningPlan {
  // replay waits until the server is started with what the primary has
  if (view.trouble === "settings-too-low") {
    return { do: "rejoin", clone: false, because: "the primary has raised a setting that must not be lower here" };
  }
  const primary = view.primary;
  if (!primary) return decideWithoutPrimary(view);
  if (primary.systemIdentifier !== view.systemIdentifier) return { do: "nothing" };
  if (!sameOrigin(view.origin, primary.origin)) {
    return { do: "rejoin", clone: true, because: twoTimelines(view.position.timeline, primary.host) };
  }
  const diverged = primary.timeline !== null && primary.history !== null &&
    !isAncestor(view.position, { timeline: primary.timeline, history: primary.history });
  if (isLeftBehind(view, primary.timeline)) {
    if (diverged) return { do: "rejoin", clone: false, because: leftAt(view) };
    const upstream = preferredUpstream(view, primary.timeline) ?? primary.host;
    return {
      do: "follow",
      upstream,
      because: `${primary.host} is the primary now, and ${view.upstream} does not follow it`,
    };
  }
  if (view.notStreamingMs >= rejoinGraceMs && (diverged || (view.trouble === "diverged" && !view.streaming))) {
    return { do: "rejoin", clone: false, because: `this standby has diverged from the primary ${primary.host}` };
  }
  // PostgreSQL reports WAL beyond the fork as flushed, so it would acknowledge commits that it does not have
  if (diverged) return { do: "nothing" };
  if (view.streaming) return comeBack(view, primary);
  if (view.trouble === "slot-missing" && view.upstream !== null) {
    return { do: "follow", upstream: view.upstream, because: `the slot of this node is missing on ${view.upstream}` };
  }
  if (view.notStreamingMs < followGraceMs) return { do: "nothing" };
  const target = preferredUpstream(view, primary.timeline) ?? primary.host;
  if (view.upstream !== target && !upstreamIsFine(view, primary.timeline)) {
    return { do: "follow", upstream: target, because: `${view.upstream} does not stream to this node` };
  }
  if (view.notStreamingMs >= rejoinGraceMs && view.trouble === "wal-removed") {
    if (view.upstream !== primary.host) {
      return {
        do: "follow",
        upstream: primary.host,
        because: `${view.upstream} no longer has the WAL that this node needs`,
      };
    }
    return {
      do: "rejoin",
      clone: true,
      because: `the primary ${primary.host} no longer has the WAL that this node needs`,
    };
  }
  return { do: "nothing" };
}

function leftAt({ position, primary }: RunningView): string {
  const fork = primary?.history?.find((f) => f.timeline === position.timeline)?.endLsn;
  return `${primary?.host} left timeline ${position.timeline} at ${fork}, but this standby is at ${position.lsn}`;
}

/**
 * Whether the cluster went on to a newer timeline without this node's upstream. What that upstream still sends, for example
 * after a freeze, belongs to a history that has ended. False if the upstream is a standby: it may be about to switch.
 */
function isLeftBehind(view: RunningView, timeline: number | null): boolean {
  if (timeline === null || view.position.timeline >= timeline || view.upstream === view.primary?.host) return false;
  const peer = reached(view).find((p) => p.host === view.upstream);
  return peer?.role !== "standby" && peer?.role !== "unknown";
}

/** Whether the current upstream is on the primary's timeline: then the WAL receiver connects by itself. */
function upstreamIsFine(view: RunningView, timeline: number | null): boolean {
  const peer = reached(view).find((p) => p.host === view.upstream);
  if (!peer) return false;
  if (peer.role === "primary") return view.primary?.host === peer.host;
  return peer.role === "standby" && peer.position?.timeline === timeline;
}

/** The configured upstream of a node of the second level, if it can stream from it; otherwise null. */
function preferredUpstream(view: RunningView, timeline: number | null): string | null {
  if (view.otherPartners.length > 0 || view.configuredUpstream === null) return null;
  const peer: Peer | undefined = reached(view).find((p) => p.host === view.configuredUpstream);
  const fits = peer?.seen === "reached" && peer.role === "standby" && peer.position?.timeline === timeline &&
    peer.upstream !== null && peer.upstream !== view.self.host;
  return fits ? view.configuredUpstream : null;
}

/** Moves a streaming standby to its proper upstream. In the first level that is the primary, whose commits may wait for it. */
function comeBack(view: RunningView, primary: PrimaryInSight): RunningPlan {
  if (view.otherPartners.length > 0) {
    if (view.upstream === primary.host) return { do: "nothing" };
    return {
      do: "follow",
      upstream: primary.host,
      because: `${primary.host} is the primary, and nodes of the first level stream from it, not from ${view.upstream}`,
    };
  }
  const preferred = preferredUpstream(view, primary.timeline);
  if (preferred === null || preferred === view.upstream) return { do: "nothing" };
  return { do: "follow", upstream: preferred, because: `the configured upstream ${preferred} is back` };
}

function decideWithoutPrimary(view: RunningView): RunningPlan {
  const wait: RunningPlan = view.noPrimaryMs < searchForMs ? { do: "nothing", againMs: searchMs } : { do: "nothing" };
  // with the lease an early attempt risks nothing: voters refuse while the primary may still be read-write
  const soon = view.license !== "not-needed" && view.sawPrimary;
  const tooEarly = soon
    ? view.holder === "renews" || (view.holder === "none" && view.noPrimaryMs < heirGraceMs)
    : view.noPrimaryMs < electionGraceMs;
  if (tooEarly) return wait;
  if (view.hidingFile !== null) return { do: "start-again", because: hidingText(view.hidingFile) };
  // a standby that wins the tie-break and is not promoted is no longer waited for; repmgrd has no tie-break either
  const precedence = view.license === "not-needed" ? 2 * electionGraceMs : precedenceMs;
  const permission = decideMayPromote(view, { tieBreak: view.noPrimaryMs < precedence });
  if (permission.ok) {
    const because = `no primary has been in sight for ${Math.round(view.noPrimaryMs / 1000)} s: ${permission.because}`;
    return { do: "promote", because };
  }
  const { because, catchUp } = permission;
  if (catchUp !== undefined && catchUp !== view.upstream) return { do: "follow", upstream: catchUp, because };
  return { ...wait, because };
}
