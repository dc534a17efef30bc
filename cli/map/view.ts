// PURE: what one look at the cluster has seen, for the page; and what is read out of it in several places.
import type { AnyStatus, BarmanStatus, NodeStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import type { Cluster, Member } from "../cluster/gather.ts";

/** One event of a container's history. */
export interface HistoryEvent {
  /** ISO 8601 */
  time: string;
  node: string;
  event: string;
  because?: string | undefined;
  tookMs?: number | undefined;
  /** whatever else was noted of it */
  rest: readonly { name: string; value: string }[];
}

export interface MapView {
  cluster: Cluster;
  /** of all containers that answer, oldest first */
  events: readonly HistoryEvent[];
  /** hosts that answer, and whose events could not be read */
  unread?: readonly string[];
  /** by host: for how long the looks of this page have had no answer from it, milliseconds */
  silentMs: Readonly<Record<string, number>>;
  /** the primary that earlier looks have seen, and for how long it has not led; null: it leads, or none was seen */
  lost: { host: string; ms: number } | null;
  /** the primary that earlier looks have seen before the present one; a cluster's first one has no event Promoted */
  former?: string | null;
  /** this container */
  own: AnyStatus;
  /** wall clock, milliseconds */
  wallMs: number;
}

export type SeenNode = Cluster["nodes"][number];

/** The containers of one component that answered, with what they report. */
export function pools({ members }: Cluster): { host: string; status: PgpoolStatus }[] {
  return members.flatMap((m) =>
    "status" in m && m.status.component === "pgpool" ? [{ host: m.host, status: m.status }] : []
  );
}

export function barmans({ members }: Cluster): { host: string; status: BarmanStatus }[] {
  return members.flatMap((m) =>
    "status" in m && m.status.component === "barman" ? [{ host: m.host, status: m.status }] : []
  );
}

/** Whether a pool sends writes to the primary, which it may know by a name that nobody else has. */
export function writesReach(
  { primary, backends }: PgpoolStatus,
  { members, nodes, primary: leader }: Cluster,
): boolean {
  if (leader === null || primary === null) return false;
  const named = nodes.find((n) => n.host === primary);
  if (named) return named.status.node.id === leader.status.node.id;
  return !members.some((m) => m.host === primary) && backends.some((b) => b.host === primary && b.truth === "primary");
}

/** The hosts of databases that do not answer, with why. Others that do not answer are observers, or not known. */
export function silentNodes(cluster: Cluster): { host: string; error: string }[] {
  const known = new Set(databaseHosts(cluster));
  return silent(cluster).filter(({ host }) => known.has(host));
}

/** Hosts that do not answer and are not known to hold a database. */
export function silentOthers(cluster: Cluster): { host: string; error: string }[] {
  const known = new Set(databaseHosts(cluster));
  return silent(cluster).filter(({ host }) => !known.has(host));
}

const silent = ({ members }: Cluster) =>
  members.flatMap((m: Member) => "error" in m ? [{ host: m.host, error: m.error }] : []);

/** Every host that the nodes, or pgpool, know as one of a database. */
function databaseHosts(cluster: Cluster): string[] {
  const ofNodes = cluster.nodes.flatMap(({ status: { node, partners, postgres } }) => [
    node.host,
    ...partners,
    ...(postgres.registered ?? []).map((r) => r.host),
    ...(postgres.upstream ? [postgres.upstream.host] : []),
  ]);
  return [...ofNodes, ...pools(cluster).flatMap(({ status }) => status.backends.map((b) => b.host))];
}

/** A standby that receives WAL now. */
export function streams({ postgres }: NodeStatus): boolean {
  return postgres.role === "standby" && postgres.upstream?.streaming === true;
}

/** The name that the page gives to a container: one that nobody names was asked as localhost. */
export function nameOf(host: string, component: string): string {
  return host === "localhost" ? `${component} (this container)` : host;
}

/** The node that is about to become the primary, if any. */
export function candidate({ nodes, primary }: Cluster): SeenNode | null {
  if (primary) return null;
  const coming = nodes.filter(({ status }) => status.becomingPrimary || status.phase === "promoting");
  return coming.find((n) => n.status.lease.held) ?? coming[0] ?? null;
}
