// PURE: what a node does that sees another one with the data of another cluster. It never joins it, and never mixes their data.
import { clusterOfMajority, otherCluster } from "./counting.ts";
import type { ClusterView, OwnCluster, ReachedPeer } from "./view.ts";

export interface Refusal {
  do: "refuse";
  because: string;
  fix: string;
  /** nothing unsafe can come of it, so that the agent goes on voting, and can be ordered to clone the node again */
  stays?: true;
}

/** The refusal to start beside another cluster; null where none is in the way. */
export function refuseTwoClusters(view: ClusterView, own: OwnCluster): Refusal | null {
  const { primary } = view;
  if (primary?.systemIdentifier && primary.systemIdentifier !== own.systemIdentifier) {
    return refusal(own, primary.host, primary.systemIdentifier);
  }
  if (primary) return null;
  const emptied = besideMajority(view, own.systemIdentifier);
  // its voter goes on: what it has granted since counts for both
  if (emptied) return { do: "refuse", because: emptied.because, fix: emptied.fix, stays: true };
  const other = otherCluster(view, own.systemIdentifier);
  return other && refusal(own, other.host, other.systemIdentifier);
}

function refusal(own: OwnCluster, host: string, identifier: string | null): Refusal {
  return {
    do: "refuse",
    because:
      `this node and ${host} belong to two clusters: the system identifier is ${own.systemIdentifier} here and ` +
      `${identifier} on ${host}`,
    fix:
      "mount the volume that belongs to this node, or empty this one so that the node clones, or point the node at its own cluster",
  };
}

/**
 * Why this node leads no further: a majority has joined another cluster in sight, but not the one here. Null if that is not so.
 * A first node whose volume was emptied makes such a cluster where it sees no other node in time.
 */
export function besideMajority(
  view: Pick<ClusterView, "everHadMajority" | "peers">,
  own: string | null,
): { because: string; fix: string } | null {
  const other: ReachedPeer | null = clusterOfMajority(view, own);
  if (other === null) return null;
  const { host, systemIdentifier } = other;
  return {
    because: `no majority has joined the cluster here (system identifier ${own}), but one has joined that of ${host} ` +
      `(${systemIdentifier}): it seems that the volume here was lost, and this node made a cluster of its own before it ` +
      "saw the others",
    fix:
      "save what was written here if you need it (pg_dump), then stop this container and empty its volume: the node " +
      "clones from the primary. If it is the cluster here that is needed, the others have the wrong volumes",
  };
}
