// PURE: two nodes that claim one identity.
import { type ClusterView, reached } from "./view.ts";

export interface Twin {
  do: "refuse";
  because: string;
  fix: string;
}

/** Two nodes with the same id or name would use each other's slot and record. The later one does not start. */
export function decideTwin({ self, peers }: Pick<ClusterView, "self" | "peers">): Twin | null {
  const here = reached({ peers }).filter((p) => p.nodeId === self.nodeId || p.name === self.name);
  const twin = here.find((p) => p.role === "primary" || p.role === "standby" || p.uptimeSeconds > self.uptimeSeconds);
  if (!twin) return null;
  const same = twin.nodeId === self.nodeId ? `NODE_ID ${self.nodeId}` : `NODE_NAME ${self.name}`;
  return {
    do: "refuse",
    because: `${twin.host} and this node (${self.host}) both have ${same}`,
    fix: "give each node its own NODE_ID and NODE_NAME; the node that already runs is not affected",
  };
}
