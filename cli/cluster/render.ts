// PURE: `cluster show` and `cluster history` as people read them.
import { secondsText, sizeText } from "../../core/words/amounts.ts";
import { table, tree } from "../../core/words/layout.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { unprotected } from "./protection.ts";
import type { Cluster, Member } from "./gather.ts";

/** The nodes as the tree in which they really stream, then the lease and its voters, then what is wrong. */
export function renderCluster(cluster: Cluster): string[] {
  return [...renderTree(cluster), "", ...renderLease(cluster), ...renderOthers(cluster), ...renderTroubles(cluster)];
}

function renderTree({ nodes, members }: Cluster): string[] {
  const upstreamOf = (n: Cluster["nodes"][number]) => n.status.postgres.upstream?.host ?? null;
  const childrenOf = (node: Cluster["nodes"][number]) => nodes.filter((n) => upstreamOf(n) === node.host);
  const branches = tree(nodes.filter((n) => !nodes.some((other) => other.host === upstreamOf(n))), childrenOf);
  // nodes that name each other as upstream have no top: they are shown all the same
  for (let lost = nodes; (lost = lost.filter((n) => !branches.some((b) => b.item === n))).length > 0;) {
    branches.push(...tree([lost[0]!], childrenOf));
  }
  const rows = branches.map(({ item, mark }) => {
    const { host, status: { node, postgres, doing } } = item;
    const standby = postgres.role === "standby";
    const idle = !standby
      ? ""
      : postgres.upstream?.streaming !== true
      ? ", not streaming"
      : postgres.replayPaused
      ? ", replay paused"
      : "";
    const timeline = String(postgres.timeline ?? "?");
    return [mark + host, node.name, postgres.role, timeline, standby ? lagText(postgres) : "", doing + idle];
  });
  const silent = members.flatMap((m) => "error" in m ? [[m.host, "", "no answer", "", "", m.error]] : []);
  return table([["node", "name", "role", "timeline", "lag", "doing"], ...rows, ...silent]);
}

function lagText({ lagBytes, lagSeconds }: NodeStatus["postgres"]): string {
  const bytes = lagBytes === null ? "? B" : sizeText(lagBytes);
  return `${bytes}, ${lagSeconds === null ? "? s" : secondsText(lagSeconds * 1000)}`;
}

function renderLease({ nodes, primary }: Cluster): string[] {
  const source = primary ?? nodes.find((n) => n.status.lease.voters.length > 0) ?? nodes[0];
  if (!source) return ["lease: not known, no node answers"];
  const { lease } = source.status;
  if (lease.mode !== "on") return [`lease: ${lease.mode}, ${lease.because}`];
  const holder = primary?.status.lease.held
    ? `held by ${primary.host}, term ${lease.term}, ${secondsText(lease.remainingMs)} left`
    : "no holder in sight";
  return [`lease: ${holder}; voters ${lease.voters.join(", ")}`];
}

function renderOthers({ members }: Cluster): string[] {
  return members.flatMap((m) => {
    if (!("status" in m)) return [];
    if (m.status.component === "pgpool") {
      const backends = m.status.backends.map((b) => `${b.host} ${b.status}${b.role === "primary" ? " primary" : ""}`);
      return [`pgpool ${m.host}: writes go to ${m.status.primary ?? "no node"}; ${backends.join(", ")}`];
    }
    if (m.status.component === "barman") {
      const wal = m.status.receiving ? `receives WAL from ${m.status.primary}` : "receives no WAL";
      return [`barman ${m.host}: ${wal}, ${m.status.backups ?? "?"} backups`];
    }
    return [];
  });
}

/** What a node keeps of the data from before a restore. */
export function keptText({ bytes, sinceMs, untilMs }: NonNullable<NodeStatus["kept"]>): string {
  const minute = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const until = untilMs === null
    ? "a base backup from after it is whole"
    : `${minute(untilMs)}, or until room is needed`;
  return `keeps ${sizeText(bytes)} of data from before its restore of ${minute(sinceMs)}, until ${until}`;
}

function endOfPause(restoring: string | undefined): string {
  return restoring === undefined
    ? "`postdock cluster resume` turns it on again"
    : `${restoring} is being restored from a backup, and the end of that turns it on again`;
}

function renderTroubles(cluster: Cluster): string[] {
  const whole = unprotected(cluster);
  const troubles = cluster.nodes.flatMap(({ host, status }) => [
    ...(status.fenced === null ? [] : [`${host} is fenced: ${status.fenced}`]),
    ...(status.trouble === null ? [] : [`${host}: ${status.trouble.because}`]),
    ...[...status.roles, ...status.settings].map(({ because }) => `${host}: ${because}`),
    ...(status.consistency.degraded === null ? [] : [`${host}: ${status.consistency.degraded}`]),
    ...(status.paused.on ? [`${host}: automatic failover is paused; ${endOfPause(status.paused.restoring)}`] : []),
    ...(status.kept === null ? [] : [`${host} ${keptText(status.kept)}`]),
    ...(status.forced ? [`${host} was forced to become primary, and votes alone until a majority is back`] : []),
  ]);
  return [...(whole === null ? [] : [whole]), ...troubles];
}

/** The events of all containers, oldest first: when, where, what, why, how long. */
export function renderHistory(entries: readonly Record<string, unknown>[]): string[] {
  return entries.map(({ time, node, event, because, tookMs, ...rest }) => {
    const more = Object.entries(rest).filter(([, v]) => v !== null).map(([k, v]) =>
      `${k} ${typeof v === "string" ? v : JSON.stringify(v)}`
    );
    const took = typeof tookMs === "number" ? [`took ${secondsText(tookMs)}`] : [];
    return `${time}  ${node}  ${[event, ...more, ...took].join(", ")}${because ? `: ${because}` : ""}`;
  });
}

/** For `--json`. */
export function clusterResult({ members, primary }: Cluster): object {
  const shown = members.map((m: Member) =>
    "error" in m ? { host: m.host, error: m.error } : { host: m.host, ...m.status }
  );
  return { primary: primary?.host ?? null, members: shown };
}
