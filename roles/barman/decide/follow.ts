// PURE: which node barman follows, from what the nodes say of themselves; and what it still calls them by.
import { choosePrimary, overtakenBy } from "../../../core/protocol/choose-primary.ts";
import type { PeerSeen } from "../../../core/protocol/status.ts";
import type { NodeStatus } from "../../../core/protocol/status.ts";

/** A server without an agent that was asked over SQL. */
export interface DirectPrimary {
  host: string;
  timeline: number;
  systemIdentifier: string;
}

/** What is in sight. */
export interface FollowView {
  peers: readonly PeerSeen[];
  /** primaries found over SQL; looked for only while no agent answers */
  direct: readonly DirectPrimary[];
  /** host that is followed now */
  inUse: string | null;
  /** system identifier of the cluster whose backups are here, or null while there are none */
  systemIdentifier: string | null;
}

export type Follow =
  | { do: "follow"; host: string; because: string }
  /** go on with the node in use, if any, and look again */
  | { do: "wait"; because: string };

/** Decides which node to follow. Where no node says that it is primary, nothing is guessed. */
export function decideFollow(view: FollowView): Follow {
  const reached = onePerNode(view.peers, view.inUse);
  const claims = reached.filter((c) => c.status.postgres.role === "primary");
  const ours = claims.filter((c) => isOurs(c.status.postgres.systemIdentifier, view));
  const current = ours.filter((c) => overtakenBy(c, reached, null) === null);
  const chosen = choosePrimary(current, view.inUse);
  if (chosen) {
    const others = current.filter((c) => c.host !== chosen.host).map((c) => c.host);
    const rivals = others.length > 0 ? `; so does ${others.join(", ")}, with less to show for it` : "";
    return {
      do: "follow",
      host: chosen.host,
      because: `it says it is primary on timeline ${chosen.status.postgres.timeline}${rivals}`,
    };
  }
  if (ours.length > 0) {
    const hosts = ours.map((c) => c.host).join(", ");
    return { do: "wait", because: `${hosts} is a former primary: standbys stream a newer timeline from another node` };
  }
  if (claims.length > 0) return { do: "wait", because: foreign(claims.map((c) => c.host), view) };
  if (reached.length > 0) {
    return { do: "wait", because: `none of ${reached.map((c) => c.host).join(", ")} says it is primary` };
  }
  return fromDirect(view);
}

function fromDirect(view: FollowView): Follow {
  const ours = view.direct.filter((d) => isOurs(d.systemIdentifier, view));
  const best =
    ours.toSorted((a, b) =>
      b.timeline - a.timeline || Number(b.host === view.inUse) - Number(a.host === view.inUse)
    )[0];
  if (best) return { do: "follow", host: best.host, because: "no agent answers, but its PostgreSQL is a primary" };
  if (view.direct.length > 0) return { do: "wait", because: foreign(view.direct.map((d) => d.host), view) };
  const errors = view.peers.flatMap((p) => p.seen === "unreachable" ? [`${p.host}: ${p.error}`] : []);
  return { do: "wait", because: `no node answers (${errors.join("; ")})` };
}

function isOurs(systemIdentifier: string | null, view: FollowView): boolean {
  return systemIdentifier === null || view.systemIdentifier === null || systemIdentifier === view.systemIdentifier;
}

function foreign(hosts: readonly string[], view: FollowView): string {
  return `${hosts.join(", ")} belongs to another cluster than the backups here (${view.systemIdentifier}): ` +
    "give each cluster a backup volume or an UPSTREAM_NAME of its own";
}

/** A node may be known by several names: it is kept under the one in use, else the first. */
function onePerNode(peers: readonly PeerSeen[], inUse: string | null): { host: string; status: NodeStatus }[] {
  const byId = new Map<number, { host: string; status: NodeStatus }>();
  for (const peer of peers) {
    if (peer.seen !== "reached") continue;
    const id = peer.status.node.id;
    if (!byId.has(id) || peer.host === inUse) byId.set(id, { host: peer.host, status: peer.status });
  }
  return [...byId.values()];
}

/** All hosts to ask next time: those configured, then those that the nodes have registered and that answer to no name yet. */
export function hostsToAsk(
  configured: readonly string[],
  known: readonly string[],
  peers: readonly PeerSeen[],
): string[] {
  const reached = peers.flatMap((p) => p.seen === "reached" ? [{ asked: p.host, status: p.status }] : []);
  const aliases = new Map(reached.map((r) => [r.status.node.host, r.asked]));
  const registered = reached.flatMap((r) => r.status.postgres.registered?.map((n) => n.host) ?? []);
  const lists = reached.map((r) => r.status.postgres.registered).filter((list) => list !== null);
  const gone = (host: string) => lists.length > 0 && !registered.includes(host);
  const learned = [...known.filter((h) => !gone(h)), ...registered].map((host) => aliases.get(host) ?? host);
  return [...new Set([...configured, ...learned])];
}
