// PURE: what a running node remembers after a look: whether a majority has joined once, the known nodes, and whether failover
// is paused.
import type { Force } from "../../../core/protocol/force.ts";
import { newerPause, type Pause } from "../../../core/protocol/pause.ts";
import { comparePosition } from "../../../core/postgres/lsn.ts";
import { located, majorityInSight } from "./counting.ts";
import { waitedFor } from "./sync.ts";
import { forceOf, forceOfPrimary, forceSeen, withForce } from "./overruled.ts";
import { type ClusterView, type Peer, reached } from "./view.ts";
import type { Role } from "./server-seen.ts";

/** How many of its timelines a node remembers; its data can only be on one of the last. */
const mostRemembered = 100;

export interface MemoryView extends Pick<ClusterView, "otherPartners" | "configuredUpstream" | "peers" | "primary"> {
  nodeId: number;
  systemIdentifier: string;
  role: Role;
  leaseInForce: boolean;
  /** a standby that streams: its timeline is that of its upstream */
  streaming: boolean;
  /** the host that a standby follows; null: none is known */
  upstream: string | null;
  /** this node holds the lease */
  held: boolean;
  /** it may be read-write now */
  lawful: boolean;
  /** CONSISTENCY=strict */
  strict: boolean;
  /** what commits have to wait for once a majority has joined; null if an operator has decided that */
  waitsFor: string | null;
  /** what they wait for, and where this node's WAL ended when they began to */
  syncSince: { names: string; lsn: string | null } | null;
  /** hosts known from configuration and registration */
  hosts: readonly string[];
  /** the timeline of the running server; null if it is not known */
  timeline: number | null;
  before: {
    everHadMajority: boolean;
    paused: Pause;
    granted: readonly number[] | null;
    followed: number;
    forced: boolean;
    force: Force | null;
  };
}

export function decideMemory(view: MemoryView) {
  const { before } = view;
  return {
    nodeId: view.nodeId,
    systemIdentifier: view.systemIdentifier,
    everHadMajority: before.everHadMajority || (majorityJoined(view) && mayCountMajority(view)),
    granted: grantedNow(view),
    followed: view.streaming ? view.timeline ?? before.followed : before.followed,
    force: forceNow(view),
    hosts: view.hosts.toSorted(),
    paused: newestPause(before.paused, view),
  };
}

/** The newest pause or resume that this node or one in sight knows: a node that was away may not lead before it knows it, too. */
export function newestPause(own: Pause, view: { peers: readonly Peer[] }): Pause {
  return reached(view).map((p) => p.paused).reduce(newerPause, own);
}

/** The data of a standby is on the timelines of its primary or upstream, or about to be: what is forced is known before it is streamed. */
function forceNow(view: MemoryView): Force | null {
  const { before, lawful, peers, primary, role, streaming, timeline, upstream } = view;
  const known = forceSeen(before.force, view);
  if (role === "primary" && lawful && timeline !== null) {
    // it leads under an epoch of a majority: nothing of the force is left
    return before.forced || known?.timelines.includes(timeline) ? known : null;
  }
  if (role !== "standby") return known;
  const upstreams = withForce(known, forceOf(upstream, peers));
  if (primary === null) return upstreams;
  const theirs = forceOfPrimary(view);
  return streaming && timeline === primary.timeline ? theirs : withForce(upstreams, theirs);
}

/** A server that is lawfully read-write leads on its timeline. A standby that has no epoch yet has never led. */
function grantedNow({ role, timeline, lawful, before }: MemoryView): number[] | null {
  if (role === "primary" && lawful && timeline !== null) return withGranted(before.granted, timeline);
  if (before.granted === null) return role === "standby" ? [] : null;
  return [...before.granted];
}

/** The timelines on which a node may have led, with another one; the oldest are forgotten. */
export function withGranted(before: readonly number[] | null, timeline: number): number[] {
  return [...new Set([...before ?? [], timeline])].slice(-mostRemembered);
}

/** Whether a majority of PARTNER_NODES has joined with its data. */
export function majorityJoined(
  view: Pick<MemoryView, "otherPartners" | "configuredUpstream" | "peers" | "systemIdentifier">,
): boolean {
  const size = view.otherPartners.length + 1;
  // a node of the second level learns it from the first level
  if (size === 1) return view.configuredUpstream !== null && reached(view).some((p) => p.everHadMajority);
  const joined = reached(view).filter((p) =>
    p.systemIdentifier === view.systemIdentifier && view.otherPartners.includes(p.ownHost) && p.role !== "none"
  );
  return (joined.length + 1) * 2 > size;
}

/**
 * The primary counts the first majority, if a lease is in force once it holds the lease, so that it is fenced from then on. The
 * others follow: a primary that does not know of a majority beside a node that does is on an older copy of a volume.
 */
function mayCountMajority(view: MemoryView): boolean {
  const known = majorityInSight(view, view.systemIdentifier);
  if (view.role !== "primary") return known;
  return !known && (!view.leaseInForce || view.held) && quorumHasWal(view);
}

/** In strict mode: whether what was acknowledged before a majority joined is by now on as many nodes as any later commit. */
function quorumHasWal(view: MemoryView): boolean {
  const { otherPartners, peers, strict, syncSince, systemIdentifier, timeline, waitsFor } = view;
  if (!strict || waitsFor === null) return true;
  if (syncSince === null || syncSince.lsn === null || syncSince.names !== waitsFor) return false;
  const end = { timeline: timeline ?? 0, lsn: syncSince.lsn };
  const having = located({ everHadMajority: false, peers }, systemIdentifier).filter((p) =>
    otherPartners.includes(p.ownHost) && comparePosition(p.position!, end) >= 0
  );
  return having.length >= waitedFor(otherPartners.length + 1);
}
