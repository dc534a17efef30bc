// PURE: a volume that was a primary and knows of no majority, in a cluster that has had one. It is a copy from another time, for
// example restored from a backup while no other node was in sight, and may have served clients without a lease. What it wrote
// then has no epoch: it leads nobody, proves nothing, and is cloned.
import { leaseModeOf } from "../../../config/quorum.ts";
import { type ClusterView, reached } from "./view.ts";

type Sight = Pick<ClusterView, "self" | "otherPartners" | "observers" | "quorum" | "everHadMajority" | "peers">;

function leaseInForce({ self, otherPartners, observers, quorum }: Sight): boolean {
  const electorate = otherPartners.length === 0 ? [] : [self.host, ...otherPartners, ...observers.map((o) => o.host)];
  return leaseModeOf({ quorum, electorate }).on;
}

/** Whether this node, if it was a primary, is such a copy. The first primary of a cluster is the first to know of a majority. */
export function isOutsider(view: Sight): boolean {
  return !view.everHadMajority && leaseInForce(view) && reached(view).some((p) => p.everHadMajority);
}

/** The view in which the WAL of such copies does not count. */
export function withoutOutsiders<T extends Sight>(view: T): T {
  if (!leaseInForce(view) || !(view.everHadMajority || isOutsider(view))) return view;
  const peers = view.peers.map((p) =>
    p.seen === "reached" && !p.everHadMajority && p.wasPrimary === true ? { ...p, position: null } : p
  );
  return { ...view, peers };
}
