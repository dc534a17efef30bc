// Which node is restored, and what that means for the cluster.
import type { Options } from "../../core/runtime/context.ts";
import { bytesAhead } from "../../core/postgres/lsn.ts";
import type { RestoreOrder } from "../../core/protocol/restore.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import type { Verified } from "../../core/protocol/verified.ts";
import { secondsText, sizeText } from "../../core/words/amounts.ts";
import { timeText } from "../../core/words/micros.ts";
import type { RestorePlan, Stop } from "../../roles/barman/decide/restore-plan.ts";
import { type Cluster, restoreUnderWay } from "../cluster/gather.ts";
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

/** What the plan means for the nodes, one line each. */
export function renderEffect(
  { bytes: dataBytes, ssh, stop, tablespaces }: RestoreOrder,
  plan: Pick<RestorePlan, "stop" | "wal" | "backup">,
  node: { host: string; status: NodeStatus },
  cluster: Cluster,
  { verified, nowMs }: { verified: Verified | null; nowMs: number },
): string[] {
  const walBytes = plan.wal.length * plan.backup.segmentBytes;
  const needs = dataBytes === null ? "" : `needs ${sizeText(dataBytes + walBytes)}, `;
  const lost = cluster.nodes.flatMap(({ host, status: { postgres: { lsn } } }) => {
    const bytes = stop.at === "record" && lsn !== null ? bytesAhead(lsn, stop.lsn) : 0;
    return bytes > 0 ? [`${host} ${sizeText(bytes)}`] : [];
  });
  const free = node.status.disk === null ? "an unknown size" : sizeText(node.status.disk.freeBytes);
  return [
    `node      ${node.host}, ${needs}${free} free; its old data are kept beside the restored ones`,
    ...tablespaces.map((t) => `          tablespace ${t.name}, ${sizeText(t.bytes)}, at ${t.location} of that node`),
    ...(ssh ? ["copied    by SSH, from this container"] : []),
    ...lostText(plan.stop, lost, nowMs),
    verified?.error === null
      ? `duration  the verification of ${verified.backup} took ${
        secondsText(verified.tookMs)
      }; a restore takes about as long`
      : "duration  not known until a backup was verified, by VERIFY_SCHEDULE or by postdock barman verify",
    "meanwhile nobody can write; the other nodes follow the restored one afterwards",
  ];
}

/** What of the nodes' data goes: `lost` names them, with so much WAL. */
function lostText(stop: Stop, lost: readonly string[], nowMs: number): string[] {
  if (lost.length === 0) return [];
  const kept = stop.at === "record" && stop.mark?.kind === "commit" ? stop.mark.atMicros : null;
  const since = kept === null
    ? ""
    : ` (every commit since ${timeText(kept)}, ${agoText(nowMs - Number(kept / 1000n))} ago)`;
  return [`lost      WAL written after that moment: ${lost.join(", ")}${since}`];
}

/** Hours and minutes, or seconds where it is less than two minutes. */
function agoText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 2) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
