// PURE: which of the nodes in sight is the real primary. One home for nodes, pgpool and barman; the lease has the last
// word where it is in force.
import type { NodeStatus } from "./status.ts";

/** A node and what it says of itself. */
export interface Claim {
  host: string;
  status: NodeStatus;
}

/** The primary that was in use last: what an older claim is measured by. */
export interface KnownPrimary {
  host: string;
  systemIdentifier: string;
  timeline: number;
}

/**
 * Of all nodes that claim to be primary: the highest timeline (a promotion always begins a new one), then most standbys
 * streaming from it, then the one in use so far, then the lower node id. Null where nobody claims.
 */
export function choosePrimary(claims: readonly Claim[], inUse: string | null): Claim | null {
  const primaries = claims.filter((c) => c.status.postgres.role === "primary" && isLicensed(c.status));
  return primaries.toSorted((a, b) =>
    (b.status.postgres.timeline ?? 0) - (a.status.postgres.timeline ?? 0) ||
    standbys(b.status) - standbys(a.status) ||
    Number(b.host === inUse) - Number(a.host === inUse) ||
    a.status.node.id - b.status.node.id
  )[0] ?? null;
}

/** Where a majority lease is in force, only its holder is primary, whatever PostgreSQL there says. */
export function isLicensed(status: NodeStatus): boolean {
  return status.lease.mode !== "on" || status.lease.held;
}

function standbys(status: NodeStatus): number {
  return status.postgres.downstream.filter((d) => d.state === "streaming").length;
}

/**
 * Only the nodes of one cluster: the one in use while any of its nodes is in sight or the others are no majority of
 * `configured`; at first the one that most nodes in sight belong to.
 */
export function ofOneCluster(seen: readonly Claim[], known: KnownPrimary | null, configured: number): Claim[] {
  const count = new Map<string, number>();
  for (const { status } of seen) {
    const id = status.postgres.systemIdentifier;
    if (id !== null) count.set(id, (count.get(id) ?? 0) + 1);
  }
  const [most] = [...count].toSorted(([a, n], [b, m]) => m - n || a.localeCompare(b));
  if (most === undefined) return [];
  const stay = known !== null && (count.has(known.systemIdentifier) || most[1] * 2 <= configured);
  const cluster = stay ? known.systemIdentifier : most[0];
  return seen.filter((c) => c.status.postgres.systemIdentifier === cluster);
}

/**
 * A claim to be primary that a newer primary has overtaken, or null: it is on an older timeline than the primary in use,
 * or than one that a standby streams. Out of sight does not mean gone, so the newer primary need not be in sight itself.
 */
export function overtakenBy(claim: Claim, seen: readonly Claim[], known: KnownPrimary | null): number | null {
  const { role, timeline, systemIdentifier } = claim.status.postgres;
  if (role !== "primary" || timeline === null) return null;
  const streamed = seen.flatMap(({ status: { postgres: p } }) =>
    p.role === "standby" && p.upstream?.streaming === true && p.systemIdentifier === systemIdentifier
      ? [p.timeline ?? 0]
      : []
  );
  const newest = Math.max(known?.systemIdentifier === systemIdentifier ? known.timeline : 0, ...streamed);
  return newest > timeline ? newest : null;
}
