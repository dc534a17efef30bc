// PURE: the topology of the example cluster as `task up` prints it, from what the nodes report.
import type { NodeStatus } from "../core/protocol/status.ts";

export interface SeenNode {
  service: string;
  port: string;
  /** null: it did not answer */
  status: NodeStatus | null;
}

/** The tree as it really streams: each node under its upstream. A node without a known upstream is at the left. */
export function renderTopology(nodes: readonly SeenNode[]): string {
  const upstreamOf = (node: SeenNode) => node.status?.postgres.upstream?.host ?? null;
  const isRoot = (node: SeenNode) => !nodes.some((n) => n !== node && n.service === upstreamOf(node));
  const lines = (node: SeenNode, depth: number, above: readonly SeenNode[]): string[] => {
    const below = nodes.filter((n) => upstreamOf(n) === node.service && n !== node && !above.includes(n));
    return [renderNode(node, depth), ...below.flatMap((n) => lines(n, depth + 1, [...above, node]))];
  };
  return nodes.filter(isRoot).flatMap((node) => lines(node, 0, [])).join("\n");
}

function renderNode(node: SeenNode, depth: number): string {
  const name = `${"|  ".repeat(Math.max(0, depth - 1))}${depth > 0 ? "|- " : ""}${node.service}`;
  const what = node.status ? `${node.status.node.name}, ${node.status.postgres.role}` : "did not answer";
  return `  ${name.padEnd(20)} port ${node.port}  ${what}`;
}
