// PURE: whose claims and whose data count when a primary is found: those of this cluster, and of no volume that went back in time.
import { type ClusterView, type Peer, reached, type ReachedPeer } from "./view.ts";

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

/**
 * The nodes in sight whose data counts when this cluster's next primary is found: of this cluster, and none that was a primary
 * and knows of no majority where another node does.
 */
export function counting(
  view: Pick<ClusterView, "everHadMajority" | "peers">,
  systemIdentifier: string | null,
): ReachedPeer[] {
  const known = view.everHadMajority || majorityInSight(view, systemIdentifier);
  return reached(view).filter((p) => {
    if (p.systemIdentifier !== systemIdentifier) return false;
    return !known || p.everHadMajority || !(p.role === "primary" || p.wasPrimary);
  });
}
