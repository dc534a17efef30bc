// PURE: which of the nodes that are left would lead, by the decision with which the agents themselves answer that.
import type { Leadership } from "../../core/lease/decide/epoch.ts";
import { compareLsn, formatLsn, parseLsn } from "../../core/postgres/lsn.ts";
import { newerPause } from "../../core/protocol/pause.ts";
import type { PeerSeen } from "../../core/protocol/status.ts";
import { toPeer } from "../../roles/postgres-node/decide/peer.ts";
import { decideMayPromote, type Permitted } from "../../roles/postgres-node/decide/promotion.ts";
import type { Cluster } from "./gather.ts";

export type SeenNode = Cluster["nodes"][number];

/** A cluster of which some containers are gone. */
export interface Left {
  cluster: Cluster;
  /** hosts that would be dead, and those that do not answer now */
  gone: ReadonlySet<string>;
  /** the nodes that would be left */
  nodes: readonly SeenNode[];
}

export interface NextLeader {
  leader: SeenNode | null;
  /** why it would lead, or why each node would not */
  because: string;
  /** nodes that would lead instead if they had received more by then */
  others: string[];
}

/** The standby that would become primary if the primary were gone. */
export function nextLeader(left: Left): NextLeader {
  const may = candidates(left).map((node) => ({ node, ...permission(node, left) }));
  const first = may.find((m) => m.ok);
  if (!first) {
    const because = may.map(({ node, because }) => `${node.host}: ${because}`).join("; ");
    return { leader: null, because: because || "no standby of PARTNER_NODES is left", others: [] };
  }
  const others = may.filter(({ node }) => node !== first.node && mayGetAhead(node, left)).map((m) => m.node.host);
  return { leader: first.node, because: first.because, others };
}

function candidates({ nodes }: Left): SeenNode[] {
  return nodes.filter(({ status: { partners, postgres } }) => partners.length > 0 && postgres.role === "standby");
}

/** While writes go on, each node that streams may be the one that has received most at that moment. */
function mayGetAhead(node: SeenNode, left: Left): boolean {
  const { upstream, timeline } = node.status.postgres;
  const same = left.cluster.nodes.filter((n) => n.status.postgres.timeline === timeline);
  const ends = same.flatMap((n) => n.status.postgres.lsn ?? []).toSorted(compareLsn);
  const newest = ends.at(-1);
  if (upstream?.streaming !== true || newest === undefined || newest === ends[0]) return false;
  return permission(node, left, formatLsn(parseLsn(newest) + 1n)).ok;
}

/** What this node would answer itself, with the lease in its hand; `lsn`: as if its WAL ended there. */
function permission(
  { host, status }: SeenNode,
  { cluster, gone, nodes }: Left,
  lsn: string | null = status.postgres.lsn,
): Permitted {
  const { timeline, systemIdentifier } = status.postgres;
  if (timeline === null || lsn === null || systemIdentifier === null) {
    return { ok: false, because: "it does not say how far its data reach" };
  }
  const otherPartners = status.partners.filter((p) => p !== status.node.host);
  const others = new Set([...otherPartners, ...cluster.nodes.map((n) => n.host)]);
  const peers = [...others].filter((p) => p !== host && p !== status.node.host).map((p): PeerSeen => {
    const there = nodes.find((n) => n.host === p);
    if (!there) return { host: p, seen: "unreachable", error: "it is gone" };
    // it is asked again at that moment, and answers for certain
    return { host: p, seen: "reached", status: { ...there.status, certain: there.status.postgres.lsn !== null } };
  });
  const answers = (observer: string) =>
    !gone.has(observer) && cluster.members.some((m) => m.host === observer && "status" in m);
  return decideMayPromote({
    self: {
      host: status.node.host,
      nodeId: status.node.id,
      name: status.node.name,
      priority: status.priority,
      uptimeSeconds: status.uptimeSeconds,
    },
    mayBootstrap: false,
    configuredUpstream: null,
    otherPartners,
    observers: status.lease.voters.filter((v) => !status.partners.includes(v))
      .map((v) => ({ host: v, answers: answers(v) })),
    strict: status.consistency.mode === "strict" && !status.forced,
    paused: nodes.map((n) => n.status.paused).reduce(newerPause).on,
    restoring: null,
    quorum: status.variables.QUORUM !== "off" && !status.forced,
    overruled: status.overruled,
    everHadMajority: status.everHadMajority,
    leaderships: leadershipOf(cluster.primary),
    peers: peers.map(toPeer),
    primary: null,
    role: "standby",
    systemIdentifier,
    position: { timeline, lsn },
    sawPrimary: cluster.primary !== null,
    cutOff: null,
  }, { tieBreak: true, final: cluster.primary !== null });
}

/** What the voters would say of the primary that is in sight now: under the lease its timeline is its epoch. */
function leadershipOf(primary: SeenNode | null): Leadership[] {
  if (primary === null || !primary.status.lease.held) return [];
  const { partners, postgres: { timeline, systemIdentifier } } = primary.status;
  if (timeline === null || systemIdentifier === null) return [];
  return [{ epoch: timeline, host: primary.host, systemIdentifier, partners }];
}
