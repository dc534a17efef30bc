// What a node of the simulation sees of itself and of the others, and what the real decisions make of it.
import { formatLsn, type TimelineFork, type WalPosition } from "../../core/postgres/lsn.ts";
import { countedData } from "../../roles/postgres-node/decide/granted.ts";
import { decideMayPromote } from "../../roles/postgres-node/decide/promotion.ts";
import { decideStartup, type StartupPlan } from "../../roles/postgres-node/decide/startup.ts";
import type { ClusterView, OwnCluster, Peer, PromotionView } from "../../roles/postgres-node/decide/view.ts";
import { lostPeer, standbyPeer } from "../support/peer.ts";

export interface WalRecord {
  timeline: number;
  /** a write; 0 begins the timeline */
  id: number;
}

export interface SimNode {
  host: string;
  up: boolean;
  role: "none" | "standby" | "primary";
  log: readonly WalRecord[];
  wasPrimary: boolean;
  granted: readonly number[];
  /** the highest epoch that its voter has on disk */
  stored: number;
}

/** Rules that a planted fault breaks. */
export interface DataRules {
  /** every leadership reserves an epoch; otherwise a former primary goes on in its timeline, as before epochs */
  epochs: boolean;
  /** voters keep on disk what they have granted */
  durable: boolean;
  /** a promotion without an epoch counts as its parent */
  counted: boolean;
  /** only writes of the present epoch are acknowledged, so that its first record is on the quorum, too */
  ownEpoch: boolean;
}
export const trueRules: DataRules = { epochs: true, durable: true, counted: true, ownEpoch: true };

const lsnOf = (records: number) => formatLsn(BigInt(records + 1) * 64n);
export const last = (log: readonly WalRecord[]) => log.at(-1)!.timeline;
export const positionOf = (log: readonly WalRecord[]): WalPosition => ({ timeline: last(log), lsn: lsnOf(log.length) });
export const forksOf = (log: readonly WalRecord[]): TimelineFork[] =>
  log.flatMap((r, i) =>
    i > 0 && log[i - 1]!.timeline !== r.timeline ? [{ timeline: log[i - 1]!.timeline, endLsn: lsnOf(i) }] : []
  );

/** The part of the world that a node looks at. */
export interface World {
  nodes: readonly SimNode[];
  leader: SimNode | null;
  rules: DataRules;
}

/** What a node finds in its own data directory, as it counts. */
export function seesOwn(node: SimNode, nodes: readonly SimNode[], rules: DataRules): OwnCluster {
  const fork = forksOf(node.log).at(-1);
  const data: OwnCluster = {
    kind: "cluster",
    systemIdentifier: "1",
    position: positionOf(node.log),
    endRead: true,
    origin: null,
    parent: fork ? { timeline: fork.timeline, lsn: fork.endLsn } : null,
    wasPrimary: node.wasPrimary,
    ungranted: false,
    lastUpstream: nodes.find((n) => n !== node)!.host,
  };
  const { granted } = node;
  const counted = countedData(data, { leaseInForce: rules.counted, everHadMajority: true, granted });
  return counted as OwnCluster;
}

function peerOf(node: SimNode, world: World): Peer {
  if (!node.up) return lostPeer(node.host);
  const position = node.role === "none" ? seesOwn(node, world.nodes, world.rules).position : positionOf(node.log);
  const { role, wasPrimary } = node;
  return standbyPeer(node.host, world.nodes.indexOf(node) + 1, {
    role,
    wasPrimary,
    position,
    upstream: null,
    streaming: false,
  });
}

function viewOf(node: SimNode, world: World) {
  const others = world.nodes.filter((n) => n !== node);
  const { leader } = world;
  return {
    self: {
      host: node.host,
      nodeId: world.nodes.indexOf(node) + 1,
      name: node.host,
      priority: 100,
      uptimeSeconds: 60,
    },
    mayBootstrap: false,
    configuredUpstream: null,
    otherPartners: others.map((n) => n.host),
    observers: [],
    strict: true,
    paused: false,
    quorum: true,
    everHadMajority: true,
    leaderships: [],
    peers: others.map((n) => peerOf(n, world)),
    primary: leader && {
      host: leader.host,
      systemIdentifier: "1",
      timeline: last(leader.log),
      history: forksOf(leader.log),
      origin: null,
    },
  };
}

export function startupOf(node: SimNode, world: World, final: boolean): StartupPlan {
  const view: ClusterView = {
    ...viewOf(node, world),
    cleanOverRewind: false,
    data: seesOwn(node, world.nodes, world.rules),
    stuckWithoutRoom: false,
    waitedMs: 60_000,
    cloneBecause: null,
  };
  return decideStartup(view, { final });
}

export function mayPromote(node: SimNode, world: World): boolean {
  const view: PromotionView = {
    ...viewOf(node, world),
    role: "standby",
    systemIdentifier: "1",
    position: positionOf(node.log),
  };
  return decideMayPromote(view, { tieBreak: false, final: true }).ok;
}
