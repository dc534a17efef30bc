// PURE: which records of repmgr are left over from a node that has another id now: repmgr refuses to register it beside them.
import type { RegisteredNode } from "../../../core/protocol/status.ts";

/** A node as it says itself. */
export interface KnownNode {
  nodeId: number;
  name: string;
  host: string;
}

/**
 * The records that have the name or the host of a node here, but another id, under which nobody answers. `nodes`: this primary
 * and the nodes of its cluster that answer.
 */
export function staleRecords(
  registered: readonly RegisteredNode[] | null,
  nodes: readonly KnownNode[],
): RegisteredNode[] {
  return (registered ?? []).filter((record) =>
    !nodes.some((n) => n.nodeId === record.nodeId) &&
    nodes.some((n) => n.name === record.nodeName || n.host === record.host)
  );
}
