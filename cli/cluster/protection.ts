// PURE: whether another node has what the primary writes.
import type { Cluster } from "./gather.ts";

/** What to say of a cluster of several nodes in which no standby streams; null if one does, or there is no primary. */
export function unprotected({ primary, nodes }: Pick<Cluster, "primary" | "nodes">): string | null {
  if (!primary) return null;
  const { partners, postgres } = primary.status;
  const several = nodes.length > 1 || partners.length > 1 || (postgres.registered ?? []).length > 1;
  const streams = ({ status }: Cluster["nodes"][number]) =>
    status.postgres.role === "standby" && status.postgres.upstream?.streaming === true;
  if (!several || nodes.some(streams)) return null;
  return `no standby streams: what ${primary.host} writes is on one node only, and is lost with it`;
}
