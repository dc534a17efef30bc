// PURE: which node an operator means.
import type { NodeStatus } from "../../core/protocol/status.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import type { Cluster } from "./gather.ts";

/**
 * The node with this host, or else with this NODE_NAME. Throws an OperatorError if it is not known, does not answer, or is one of
 * several of that name: what is ordered may cost the data of a node.
 */
export function nodeCalled(name: string, cluster: Cluster): { host: string; status: NodeStatus } {
  const silent = cluster.members.find((m) => m.host === name);
  const named = cluster.nodes.filter((n) => n.status.node.name === name);
  const found = cluster.nodes.find((n) => n.host === name) ?? (silent || named.length > 1 ? undefined : named[0]);
  if (found) return found;
  if (!silent && named.length > 1) {
    throw new OperatorError({
      what: `${named.length} nodes have the name ${name}`,
      fix: `name one by its host: ${named.map((n) => n.host).join(", ")}; and give each a NODE_NAME of its own`,
      exitCode: ExitCode.usage,
    });
  }
  throw new OperatorError({
    what: `The node ${name} ${silent ? "does not answer" : "is not known"}`,
    ...(silent && "error" in silent ? { why: silent.error } : {}),
    fix: silent
      ? `start ${name}, then try again`
      : `name one of ${cluster.nodes.map((n) => n.host).join(", ") || "the nodes, none of which answers now"}`,
    exitCode: silent ? ExitCode.unavailable : ExitCode.usage,
  });
}
