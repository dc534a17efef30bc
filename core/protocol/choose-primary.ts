// PURE: which of the nodes in sight is the real primary. One home for nodes, pgpool and barman; the lease has the last
// word where it is in force.
import type { NodeStatus } from "./status.ts";

/** What the choice looks at of one node, by the node's own word. */
export interface NodeReport {
  host: string;
  nodeId: number;
  role: NodeStatus["postgres"]["role"];
  timeline: number | null;
  systemIdentifier: string | null;
  /** false: a lease is in force and this node does not hold it, so it is no primary whatever PostgreSQL there says */
  licensed: boolean;
  /** how many standbys stream from it */
  standbys: number;
  /** a standby: its WAL receiver streams */
  streaming: boolean;
}

/** The report of a node that is asked as `host`, from its /status. */
export function reportOf(host: string, { node, postgres, lease }: NodeStatus): NodeReport {
  return {
    host,
    nodeId: node.id,
    role: postgres.role,
    timeline: postgres.timeline,
    systemIdentifier: postgres.systemIdentifier,
    licensed: lease.mode !== "on" || lease.held,
    standbys: postgres.downstream.filter((d) => d.state === "streaming").length,
    streaming: postgres.upstream?.streaming === true,
  };
}

/** The primary that was in use last: what a node on an older timeline is measured by. */
export interface KnownPrimary {
  host: string;
  systemIdentifier: string;
  timeline: number;
}

/**
 * Of all nodes that say they are primary: the highest timeline (a promotion always begins a new one), then most standbys
 * streaming from it, then the one in use so far, then the lower node id, then the first host by name. Null where none says so.
 */
export function choosePrimary<T extends NodeReport>(reports: readonly T[], inUse: string | null): T | null {
  return reports.filter((r) => r.role === "primary" && r.licensed).toSorted((a, b) =>
    (b.timeline ?? 0) - (a.timeline ?? 0) ||
    b.standbys - a.standbys ||
    Number(b.host === inUse) - Number(a.host === inUse) ||
    a.nodeId - b.nodeId ||
    (a.host < b.host ? -1 : a.host > b.host ? 1 : 0)
  )[0] ?? null;
}

/**
 * Only the nodes of one cluster: the one in use while any of its nodes is in sight or the others are no majority of
 * `configured`; at first the one that most nodes in sight belong to.
 */
export function ofOneCluster<T extends NodeReport>(
  seen: readonly T[],
  known: KnownPrimary | null,
  configured: number,
): T[] {
  const count = new Map<string, number>();
  for (const { systemIdentifier: id } of seen) if (id !== null) count.set(id, (count.get(id) ?? 0) + 1);
  const [most] = [...count].toSorted(([a, n], [b, m]) => m - n || a.localeCompare(b));
  if (most === undefined) return [];
  const stay = known !== null && (count.has(known.systemIdentifier) || most[1] * 2 <= configured);
  const cluster = stay ? known.systemIdentifier : most[0];
  return seen.filter((r) => r.systemIdentifier === cluster);
}

/**
 * The newer timeline that has overtaken a node which says it is primary, or null: that of the primary in use, or one that a
 * standby streams. Out of sight does not mean gone, so the newer primary need not be in sight itself.
 */
export function overtakenBy(
  report: NodeReport,
  seen: readonly NodeReport[],
  known: KnownPrimary | null,
): number | null {
  const { role, timeline, systemIdentifier } = report;
  if (role !== "primary" || timeline === null) return null;
  const streamed = seen.flatMap((r) =>
    r.role === "standby" && r.streaming && r.systemIdentifier === systemIdentifier ? [r.timeline ?? 0] : []
  );
  const newest = Math.max(known?.systemIdentifier === systemIdentifier ? known.timeline : 0, ...streamed);
  return newest > timeline ? newest : null;
}
