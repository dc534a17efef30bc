// PURE: which of the nodes in sight is the real primary, for nodes, pgpool and barman alike. Where the lease is in force, only
// its holder can be chosen.
import type { NodeStatus } from "./status.ts";

/** The part of a node's report that the choice looks at. */
export interface NodeReport {
  host: string;
  nodeId: number;
  role: NodeStatus["postgres"]["role"];
  timeline: number | null;
  systemIdentifier: string | null;
  /** false: a lease is in force and this node does not hold it, so it is not the primary, whatever its PostgreSQL says */
  licensed: boolean;
  /** it holds the lease: no other claim counts beside that of a majority */
  held: boolean;
  /** an operator has forced it: its own vote may be the only one that it has */
  forced: boolean;
  /** it knows that a majority has joined once; one that does not, beside one that does, runs on an older copy of a volume */
  everHadMajority: boolean;
  /** number of standbys that stream from it */
  standbys: number;
  /** on a standby: its WAL receiver streams */
  streaming: boolean;
}

/** The report of a node that is asked as `host`, from its /status. */
export function reportOf(host: string, { node, postgres, lease, everHadMajority, forced }: NodeStatus): NodeReport {
  return {
    host,
    nodeId: node.id,
    role: postgres.role,
    timeline: postgres.timeline,
    systemIdentifier: postgres.systemIdentifier,
    licensed: lease.mode === "off" || lease.mode === "bootstrap" || lease.held,
    held: lease.held,
    forced,
    everHadMajority,
    standbys: postgres.downstream.filter((d) => d.state === "streaming").length,
    streaming: postgres.upstream?.streaming === true,
  };
}

/** True if a majority has granted it the lease: a node that was forced may have no vote but its own. */
export function ofMajority({ held, forced }: NodeReport): boolean {
  return held && !forced;
}

/** The primary that was in use last. A node on an older timeline than this is not the primary. */
export interface KnownPrimary {
  host: string;
  systemIdentifier: string;
  timeline: number;
}

/**
 * Chooses among all nodes that say they are primary: the holder of the lease of a majority, the holder of any, then the highest
 * timeline, since a promotion always begins a new one. Where one node knows that a majority has joined, a node that does not is
 * no primary, even with the lease: the first primary of a cluster is the first to know.
 * Ties are broken by the most streaming standbys, the node in use so far, the lowest node id, and the first host by name.
 * Null if no node says so.
 */
export function choosePrimary<T extends NodeReport>(reports: readonly T[], inUse: string | null): T | null {
  const known = reports.some((r) => r.everHadMajority);
  const claims = (r: T) => r.role === "primary" && r.licensed && (r.everHadMajority || !known);
  return reports.filter(claims).toSorted((a, b) =>
    Number(ofMajority(b)) - Number(ofMajority(a)) ||
    Number(b.held) - Number(a.held) ||
    (b.timeline ?? 0) - (a.timeline ?? 0) ||
    b.standbys - a.standbys ||
    Number(b.host === inUse) - Number(a.host === inUse) ||
    a.nodeId - b.nodeId ||
    (a.host < b.host ? -1 : a.host > b.host ? 1 : 0)
  )[0] ?? null;
}

/**
 * Only the nodes of one cluster. That is the cluster in use, while any of its nodes is in sight or the others are not a
 * majority of `configured`. At first it is the cluster of most nodes in sight. One that no majority has joined, such as an
 * emptied node makes it, gives way to one that a majority leads.
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
  const usual = stay ? known.systemIdentifier : most[0];
  const joined = seen.some((r) => r.systemIdentifier === usual && r.everHadMajority);
  const led = seen.find((r) => r.systemIdentifier !== null && r.everHadMajority && ofMajority(r));
  const cluster = joined ? usual : led?.systemIdentifier ?? usual;
  return seen.filter((r) => r.systemIdentifier === cluster);
}

/**
 * The newer timeline that has overtaken a node which says it is primary, or null. It is the timeline of the primary in use, or
 * one that a standby streams. The newer primary need not be in sight: out of sight does not mean gone. The holder of the lease
 * is never overtaken.
 */
export function overtakenBy(
  report: NodeReport,
  seen: readonly NodeReport[],
  known: KnownPrimary | null,
): number | null {
  const { role, timeline, systemIdentifier, held } = report;
  if (role !== "primary" || timeline === null || held) return null;
  const streamed = seen.flatMap((r) =>
    r.role === "standby" && r.streaming && r.systemIdentifier === systemIdentifier ? [r.timeline ?? 0] : []
  );
  const newest = Math.max(known?.systemIdentifier === systemIdentifier ? known.timeline : 0, ...streamed);
  return newest > timeline ? newest : null;
}
