// PURE: who counts when a primary is found: a majority of the voters, and the data of this cluster, but of no volume that went back
// in time, and of no forced failover that a majority has overruled.
import type { WalPosition } from "../../../core/postgres/lsn.ts";
import { type ClusterView, type Peer, reached, type ReachedPeer } from "./view.ts";

/** The nodes in sight that have the data of another cluster. */
function strangers(view: { peers: readonly Peer[] }, systemIdentifier: string | null): ReachedPeer[] {
  if (systemIdentifier === null) return [];
  return reached(view).filter((p) => p.systemIdentifier !== null && p.systemIdentifier !== systemIdentifier);
}

/**
 * A node in sight of another cluster, which keeps this one from leading; null if there is none. Where a majority has joined
 * this cluster, one of which the other node knows no majority keeps nobody: an emptied node has made it anew. What a node
 * without partners remembers of a majority does not show that: it may have the volume of another node.
 */
export function otherCluster(
  view: Pick<ClusterView, "everHadMajority" | "otherPartners" | "peers">,
  systemIdentifier: string | null,
): ReachedPeer | null {
  const remembered = view.everHadMajority && view.otherPartners.length > 0;
  const known = remembered || majorityInSight(view, systemIdentifier);
  return strangers(view, systemIdentifier).find((p) => !known || p.everHadMajority) ?? null;
}

/** A node in sight of another cluster that a majority has joined, where this node knows of no majority of its own. */
export function clusterOfMajority(
  view: Pick<ClusterView, "everHadMajority" | "peers">,
  systemIdentifier: string | null,
): ReachedPeer | null {
  if (view.everHadMajority || majorityInSight(view, systemIdentifier)) return null;
  return strangers(view, systemIdentifier).find((p) => p.everHadMajority) ?? null;
}

/** Whether a node in sight of this cluster knows that a majority has joined once. */
export function majorityInSight(view: { peers: readonly Peer[] }, systemIdentifier: string | null): boolean {
  return reached(view).some((p) => p.everHadMajority && p.systemIdentifier === systemIdentifier);
}

/**
 * Whether this node's own claim does not count. It knows of no majority, but another node of its cluster does: its volume is an
 * older copy, or its memory is lost.
 */
export function isRestored(
  view: Pick<ClusterView, "everHadMajority" | "peers">,
  systemIdentifier: string | null,
): boolean {
  return !view.everHadMajority && majorityInSight(view, systemIdentifier);
}

/** It was a primary and knows of no majority: where another node does, its volume is an older copy. */
export const mayBeCopy = (p: ReachedPeer) => !p.everHadMajority && (p.role === "primary" || p.wasPrimary === true);

/** It has no data. */
export const isEmpty = (p: ReachedPeer) => !p.hasCluster && p.role === "none";

/**
 * The nodes in sight whose data counts when this cluster's next primary is found: of this cluster, not overruled, and none that
 * was a primary and knows of no majority where another node does.
 */
export function counting(
  view: Pick<ClusterView, "everHadMajority" | "peers">,
  systemIdentifier: string | null,
): ReachedPeer[] {
  const known = view.everHadMajority || majorityInSight(view, systemIdentifier);
  return reached(view).filter((p) => {
    if (p.systemIdentifier !== systemIdentifier || p.overruled) return false;
    return !known || !mayBeCopy(p);
  });
}

/** Those of them that say how far their WAL reaches. */
export function located(
  view: Pick<ClusterView, "everHadMajority" | "peers">,
  systemIdentifier: string | null,
): ReachedPeer[] {
  return counting(view, systemIdentifier).filter((p) => p.position !== null);
}

/**
 * The nodes in sight that have no data, or data that does not count, or a new cluster of their own after they were emptied:
 * there is nothing of theirs to wait for. What is overruled counts for nothing only beside data of a leadership since that force:
 * before it, such a node had what older data may lack.
 */
export function withoutData(
  view: Pick<ClusterView, "everHadMajority" | "otherPartners" | "peers"> & { position: WalPosition },
  systemIdentifier: string | null,
): string[] {
  const counted = counting(view, systemIdentifier);
  const older = (p: ReachedPeer) => p.overruled && view.position.timeline <= (p.force?.above ?? 0);
  const copy = (p: ReachedPeer) => p.systemIdentifier === systemIdentifier && !counted.includes(p) && !older(p);
  const anew = otherCluster(view, systemIdentifier) === null ? strangers(view, systemIdentifier) : [];
  return reached(view).filter((p) => isEmpty(p) || copy(p) || anew.includes(p)).map((p) => p.ownHost);
}

/** Those that count and may lead: a node of the first level waits for no WAL that only the second level has. */
export function electable(
  view: Pick<ClusterView, "everHadMajority" | "peers" | "otherPartners">,
  systemIdentifier: string | null,
): ReachedPeer[] {
  const { otherPartners } = view;
  const leads = (p: ReachedPeer) =>
    otherPartners.length === 0 || p.partners.length > 0 || otherPartners.includes(p.ownHost);
  return counting(view, systemIdentifier).filter(leads);
}

export interface Majority {
  /** whether a majority is required */
  needed: boolean;
  have: number;
  size: number;
  ok: boolean;
  missing: string[];
}

/** Whether this node, or any that answers, knows that a majority has joined once. */
export function majorityKnown(view: Pick<ClusterView, "everHadMajority" | "peers">): boolean {
  return view.everHadMajority || reached(view).some((p) => p.everHadMajority);
}

/**
 * Counts the voters that answer, this node included: partners and observers. A majority is required once a majority of
 * PARTNER_NODES has joined. Until then partners that never joined do not count, as in is_major_master of 1.x.
 */
export function countMajority(
  view: Pick<ClusterView, "otherPartners" | "observers" | "quorum" | "everHadMajority" | "peers">,
): Majority {
  const answering = new Set(reached(view).map((p) => p.ownHost));
  const silent = view.observers.filter((o) => !o.answers).map((o) => o.host);
  const missing = [...view.otherPartners.filter((host) => !answering.has(host)), ...silent];
  const size = view.otherPartners.length + view.observers.length + 1;
  const have = size - missing.length;
  const needed = view.quorum && majorityKnown(view) && view.otherPartners.length > 0;
  return { needed, have, size, ok: !needed || have * 2 > size, missing };
}

/** Whether a majority of the configured voters answers, whatever this node requires now. */
export function majorityAnswers(view: Parameters<typeof countMajority>[0]): boolean {
  return countMajority({ ...view, quorum: true, everHadMajority: true }).ok;
}
