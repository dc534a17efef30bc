// PURE: which node barman follows, from what the nodes report; and under which hosts it asks them next.
import { choosePrimary, type NodeReport, ofMajority, overtakenBy } from "../../../core/protocol/choose-primary.ts";

/** A node that was asked: its report, or why there is none. */
export type NodeAsked = { host: string } & (AnsweringNode | { seen: "unreachable"; error: string });

/** The part of a node's report that barman looks at. */
export interface AnsweringNode {
  seen: "reached";
  report: NodeReport;
  /** the name that the node has for itself */
  ownHost: string;
  /** the hosts in its repmgr.nodes; null if it could not see them */
  registered: readonly string[] | null;
}

/** A server without an agent that was asked over SQL. */
export interface DirectPrimary {
  host: string;
  timeline: number;
  systemIdentifier: string;
}

/** What is in sight. */
export interface FollowView {
  peers: readonly NodeAsked[];
  /** primaries found over SQL; looked for only while no agent answers */
  direct: readonly DirectPrimary[];
  /** host that is followed now */
  inUse: string | null;
  /** system identifier of the cluster whose backups are here, or null while there are none */
  systemIdentifier: string | null;
}

export type Follow =
  /** `leased`: it holds the lease of a majority */
  | { do: "follow"; host: string; leased: boolean; because: string }
  /** go on with the node in use, if any, and look again */
  | { do: "wait"; because: string };

/** Decides which node to follow. While no node says that it is primary, nothing is guessed. */
export function decideFollow(view: FollowView): Follow {
  const reached = onePerNode(view.peers, view.inUse);
  const primaries = reached.filter(isPrimary);
  const ours = primaries.filter((r) => isOurs(r.systemIdentifier, view));
  const current = ours.filter((r) => overtakenBy(r, reached, null) === null);
  // what the other nodes know of a majority counts as well; a node without data says nothing of this cluster
  const others = reached.filter((r) =>
    !isPrimary(r) && r.systemIdentifier !== null && isOurs(r.systemIdentifier, view)
  );
  const chosen = choosePrimary([...current, ...others], view.inUse);
  if (chosen) {
    const lower = current.filter((r) => r.host !== chosen.host).map((r) => r.host);
    const rivals = lower.length > 0 ? `; ${lower.join(", ")} also says so, but ranks lower` : "";
    return {
      do: "follow",
      host: chosen.host,
      leased: ofMajority(chosen),
      because: `it says it is primary on timeline ${chosen.timeline}${rivals}`,
    };
  }
  if (ours.length > 0) return { do: "wait", because: ours.map((r) => whyFalse(r, current)).join("; ") };
  if (primaries.length > 0) return { do: "wait", because: foreign(primaries.map((r) => r.host), view) };
  if (reached.length > 0) {
    return { do: "wait", because: `none of ${reached.map((r) => r.host).join(", ")} says it is primary` };
  }
  return fromDirect(view);
}

function isPrimary({ role }: NodeReport): boolean {
  return role === "primary";
}

/** Why a node that says it is primary is not followed, where none is. `current`: those that no standby has left. */
function whyFalse(report: NodeReport, current: readonly NodeReport[]): string {
  const why = !current.includes(report)
    ? "standbys stream a newer timeline from another node"
    : !report.licensed
    ? "it does not hold the lease"
    : "it does not know that a majority of PARTNER_NODES has joined, but other nodes do, so its volume is an older copy";
  return `${report.host} is a false primary: ${why}`;
}

function fromDirect(view: FollowView): Follow {
  const ours = view.direct.filter((d) => isOurs(d.systemIdentifier, view));
  const best =
    ours.toSorted((a, b) =>
      b.timeline - a.timeline || Number(b.host === view.inUse) - Number(a.host === view.inUse)
    )[0];
  if (best) {
    return {
      do: "follow",
      host: best.host,
      leased: false,
      because: "no agent answers, but its PostgreSQL is a primary",
    };
  }
  if (view.direct.length > 0) return { do: "wait", because: foreign(view.direct.map((d) => d.host), view) };
  const errors = view.peers.flatMap((p) => p.seen === "unreachable" ? [`${p.host}: ${p.error}`] : []);
  return { do: "wait", because: `no node answers (${errors.join("; ")})` };
}

function isOurs(systemIdentifier: string | null, view: FollowView): boolean {
  return systemIdentifier === null || view.systemIdentifier === null || systemIdentifier === view.systemIdentifier;
}

function foreign(hosts: readonly string[], view: FollowView): string {
  return `${hosts.join(", ")} does not belong to the cluster whose backups are here (${view.systemIdentifier}): ` +
    "give each cluster a backup volume or an UPSTREAM_NAME of its own";
}

/** A node may be known by several hosts: it is kept under the one in use, otherwise under the first. */
function onePerNode(peers: readonly NodeAsked[], inUse: string | null): NodeReport[] {
  const byId = new Map<number, NodeReport>();
  for (const peer of peers) {
    if (peer.seen !== "reached") continue;
    const { report } = peer;
    if (!byId.has(report.nodeId) || report.host === inUse) byId.set(report.nodeId, report);
  }
  return [...byId.values()];
}

/** All hosts to ask next time: the configured ones, then those of repmgr.nodes whose node is not reached by another host. */
export function hostsToAsk(
  configured: readonly string[],
  known: readonly string[],
  peers: readonly NodeAsked[],
): string[] {
  const reached = peers.flatMap((p) => p.seen === "reached" ? [p] : []);
  const aliases = new Map(reached.map((r) => [r.ownHost, r.host]));
  const registered = reached.flatMap((r) => r.registered ?? []);
  const seesThem = reached.some((r) => r.registered !== null);
  const gone = (host: string) => seesThem && !registered.includes(host);
  const learned = [...known.filter((h) => !gone(h)), ...registered].map((host) => aliases.get(host) ?? host);
  return [...new Set([...configured, ...learned])];
}
