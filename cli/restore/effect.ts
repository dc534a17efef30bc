// Which node is restored, and what that means for the cluster.
import type { Options } from "../../core/runtime/context.ts";
import { bytesAhead } from "../../core/postgres/lsn.ts";
import type { RestoreOrder } from "../../core/protocol/restore.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import type { Verified } from "../../core/protocol/verified.ts";
import { secondsText, sizeText } from "../../core/words/amounts.ts";
import { type Cluster, restoreUnderWay, type Session } from "../cluster/gather.ts";
import { nodeCalled } from "../cluster/node-called.ts";

/** The node that is restored: the named one, or the primary. */
export function nodeToRestore(options: Options, cluster: Cluster): { host: string; status: NodeStatus } {
  const restore = restoreUnderWay(cluster);
  if (restore) throw restore;
  if (options.toNode !== undefined) return nodeCalled(options.toNode, cluster);
  if (cluster.primary !== null) return cluster.primary;
  throw new OperatorError({
    what: "No primary is in sight, so it is not known which node is to be restored",
    fix: `name one: --to-node ${cluster.nodes.map((n) => n.host).join(" or ") || "NODE, once a node answers"}`,
    exitCode: ExitCode.unavailable,
  });
}

/** The cluster with a new look at each node: what a node has written in the last second counts here. */
export async function lookAgain(cluster: Cluster, { peers }: Session): Promise<Cluster> {
  const nodes = await Promise.all(cluster.nodes.map(async (node) => {
    const seen = await peers.askNode(node.host, { timeoutMs: 2_000, fresh: true });
    return seen.seen === "reached" ? { host: node.host, status: seen.status } : node;
  }));
  return { ...cluster, nodes };
}

/** What the plan means for the nodes, one line each. */
export function renderEffect(
  { ssh, stop, tablespaces }: RestoreOrder,
  node: { host: string; status: NodeStatus },
  cluster: Cluster,
  verified: Verified | null,
): string[] {
  const lost = cluster.nodes.flatMap(({ host, status: { postgres: { lsn } } }) => {
    const bytes = stop.at === "record" && lsn !== null ? bytesAhead(lsn, stop.lsn) : 0;
    return bytes > 0 ? [`${host} ${sizeText(bytes)}`] : [];
  });
  const free = node.status.disk === null ? "an unknown size" : sizeText(node.status.disk.freeBytes);
  return [
    `node      ${node.host}, ${free} free; its old data are kept beside the restored ones`,
    ...tablespaces.map((t) => `          tablespace ${t.name}, ${sizeText(t.bytes)}, at ${t.location} of that node`),
    ...(ssh ? ["copied    by SSH, from this container"] : []),
    ...(lost.length > 0 ? [`lost      WAL written after that moment: ${lost.join(", ")}`] : []),
    ...(verified?.error === null
      ? [
        `duration  the verification of ${verified.backup} took ${
          secondsText(verified.tookMs)
        }; a restore takes about as long`,
      ]
      : []),
    "meanwhile nobody can write; the other nodes follow the restored one afterwards",
  ];
}
