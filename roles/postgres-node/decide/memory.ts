// PURE: what a running node remembers after a look: whether a majority has joined once, the known nodes, and whether failover
// is paused.
import { newerPause, type Pause } from "../../../core/protocol/pause.ts";
import { type ClusterView, reached } from "./view.ts";
import type { Role } from "./server-seen.ts";

/** How many of its timelines a node remembers; its data can only be on one of the last. */
const mostRemembered = 100;

export interface MemoryView extends Pick<ClusterView, "otherPartners" | "configuredUpstream" | "peers"> {
  nodeId: number;
  systemIdentifier: string;
  role: Role;
  leaseInForce: boolean;
  /** this node holds the lease */
  held: boolean;
  /** it may be read-write now */
  lawful: boolean;
  /** hosts known from configuration and registration */
  hosts: readonly string[];
  /** the timeline of the running server; null if it is not known */
  timeline: number | null;
  before: { everHadMajority: boolean; paused: Pause; granted: readonly number[] | null };
}

export function decideMemory(view: MemoryView) {
  const { before } = view;
  return {
    nodeId: view.nodeId,
    systemIdentifier: view.systemIdentifier,
    everHadMajority: before.everHadMajority || (majorityJoined(view) && mayCountMajority(view)),
    granted: grantedNow(view),
    hosts: view.hosts.toSorted(),
    paused: reached(view).map((p) => p.paused).reduce(newerPause, before.paused),
  };
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

function majorityJoined(view: MemoryView): boolean {
  const size = view.otherPartners.length + 1;
  // a node of the second level learns it from the first level
  if (size === 1) return view.configuredUpstream !== null && reached(view).some((p) => p.everHadMajority);
  const joined = reached(view).filter((p) =>
    p.systemIdentifier === view.systemIdentifier && view.otherPartners.includes(p.host) && p.role !== "none"
  );
  return (joined.length + 1) * 2 > size;
}

/** If a lease is in force, the primary counts the first majority once it holds the lease, so that it is fenced from then on. */
function mayCountMajority(view: MemoryView): boolean {
  if (!view.leaseInForce) return true;
  const known = reached(view).some((p) => p.everHadMajority);
  // the first primary of a cluster is the first to know: one that comes later is an outsider (outsider.ts)
  return view.role === "primary" ? view.held && !known : known;
}
