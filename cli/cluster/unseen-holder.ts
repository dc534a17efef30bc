// PURE: a node that holds the lease, and whose agent does not see its server: whether it serves clients is not known.
import type { Cluster } from "./gather.ts";

/** Null while a primary is in sight, and where nobody holds the lease so. */
export function unseenHolder({ nodes, primary }: Pick<Cluster, "nodes" | "primary">): Cluster["nodes"][number] | null {
  if (primary !== null) return null;
  return nodes.find(({ status: { lease, phase, postgres } }) =>
    lease.held && phase === "running" && postgres.role === "unknown"
  ) ?? null;
}

/** What to say of it, without the cause. */
export const unseenText = (host: string): string => `${host} holds the lease, but its agent cannot see its server`;
