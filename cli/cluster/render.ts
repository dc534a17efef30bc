// PURE: `cluster show` and `cluster history` as people read them.
import type { NodeStatus } from "../../core/protocol/status.ts";
import type { Cluster, Member } from "./gather.ts";

/** A tree as it really streams, then who votes, then what is not in order. */
export function renderCluster(cluster: Cluster): string[] {
  return [...renderTree(cluster), "", ...renderLease(cluster), ...renderOthers(cluster), ...renderTroubles(cluster)];
}

function renderTree({ nodes, members }: Cluster): string[] {
  const upstreamOf = (n: { status: NodeStatus }) => n.status.postgres.upstream?.host ?? null;
  const rows: string[][] = [["node", "name", "role", "timeline", "lag", "doing"]];
  const add = (node: Cluster["nodes"][number], depth: number, above: readonly string[]) => {
    const { status } = node;
    const { postgres } = status;
    const standby = postgres.role === "standby";
    const lag = standby ? `${postgres.lagBytes ?? "?"} B, ${postgres.lagSeconds?.toFixed(1) ?? "?"} s` : "";
    const doing = `${status.doing}${standby && postgres.upstream?.streaming !== true ? ", not streaming" : ""}`;
    const tree = `${"|  ".repeat(Math.max(0, depth - 1))}${depth > 0 ? "|- " : ""}${node.host}`;
    rows.push([tree, status.node.name, postgres.role, String(postgres.timeline ?? "?"), lag, doing]);
    for (const below of nodes.filter((n) => upstreamOf(n) === node.host && !above.includes(n.host))) {
      add(below, depth + 1, [...above, node.host]);
    }
  };
  for (const node of nodes.filter((n) => !nodes.some((other) => other.host === upstreamOf(n)))) {
    add(node, 0, [node.host]);
  }
  const silent = members.flatMap((m) => "error" in m ? [[m.host, "", "no answer", "", "", m.error]] : []);
  return table([...rows, ...silent]);
}

function renderLease({ nodes, primary }: Cluster): string[] {
  const source = primary ?? nodes.find((n) => n.status.lease.voters.length > 0) ?? nodes[0];
  if (!source) return ["lease: nobody could be asked"];
  const { lease } = source.status;
  if (lease.mode !== "on") return [`lease: ${lease.mode}, ${lease.because}`];
  const holder = primary?.status.lease.held
    ? `held by ${primary.host}, term ${lease.term}, ${seconds(lease.remainingMs)} left`
    : "held by nobody in sight";
  return [`lease: ${holder}; voters ${lease.voters.join(", ")}`];
}

function renderOthers({ members }: Cluster): string[] {
  return members.flatMap((m) => {
    if (!("status" in m)) return [];
    if (m.status.component === "pgpool") {
      const backends = m.status.backends.map((b) => `${b.host} ${b.status}${b.role === "primary" ? " primary" : ""}`);
      return [`pgpool ${m.host}: writes go to ${m.status.primary ?? "nobody"}; ${backends.join(", ")}`];
    }
    if (m.status.component === "barman") {
      const wal = m.status.receiving ? `receives WAL from ${m.status.primary}` : "receives no WAL";
      return [`barman ${m.host}: ${wal}, ${m.status.backups ?? "?"} backups`];
    }
    return [];
  });
}

function renderTroubles({ nodes }: Cluster): string[] {
  return nodes.flatMap(({ host, status }) => [
    ...(status.fenced === null ? [] : [`${host} is fenced: ${status.fenced}`]),
    ...(status.consistency.degraded === null ? [] : [`${host}: ${status.consistency.degraded}`]),
    ...(status.paused.on ? [`${host}: automatic failover is paused; \`postdock cluster resume\` ends that`] : []),
    ...(status.forced ? [`${host} was forced to lead and votes alone until a majority is back`] : []),
  ]);
}

/** Milliseconds as people read them. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Columns of their widest cell; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  return rows.map((row) =>
    row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i]!)).join("  ").trimEnd()
  );
}

/** The events of all nodes, oldest first: when, where, what, why, how long. */
export function renderHistory(entries: readonly Record<string, unknown>[]): string[] {
  return entries.map(({ time, node, event, because, tookMs, ...rest }) => {
    const more = Object.entries(rest).map(([k, v]) => `${k} ${typeof v === "string" ? v : JSON.stringify(v)}`);
    const took = typeof tookMs === "number" ? [`took ${seconds(tookMs)}`] : [];
    return `${time}  ${node}  ${[event, ...more, ...took].join(", ")}${because ? `: ${because}` : ""}`;
  });
}

/** For `--json`. */
export function clusterResult({ members, primary }: Cluster): object {
  const told = members.map((m: Member) =>
    "error" in m ? { host: m.host, error: m.error } : { host: m.host, ...m.status }
  );
  return { primary: primary?.host ?? null, members: told };
}
