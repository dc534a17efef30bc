// PURE: which of the nodes in sight is the real primary. One home for nodes, pgpool and barman; the lease will have the
// last word here once it is there.
import type { NodeStatus } from "./status.ts";

/** A node that says of itself that it is primary. */
export interface Claim {
  host: string;
  status: NodeStatus;
}

/**
 * Of all nodes that claim to be primary: the highest timeline (a promotion always begins a new one), then most standbys
 * streaming from it, then the one in use so far, then the lower node id. Null where nobody claims.
 */
export function choosePrimary(claims: readonly Claim[], inUse: string | null): Claim | null {
  const primaries = claims.filter((c) => c.status.postgres.role === "primary");
  return primaries.toSorted((a, b) =>
    (b.status.postgres.timeline ?? 0) - (a.status.postgres.timeline ?? 0) ||
    standbys(b.status) - standbys(a.status) ||
    Number(b.host === inUse) - Number(a.host === inUse) ||
    a.status.node.id - b.status.node.id
  )[0] ?? null;
}

function standbys(status: NodeStatus): number {
  return status.postgres.downstream.filter((d) => d.state === "streaming").length;
}
