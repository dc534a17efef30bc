// What a node sees of itself and of the others, and what the real decisions make of it.
import { choosePrimary, type NodeReport } from "../../../core/protocol/choose-primary.ts";
import type { WalPosition } from "../../../core/postgres/lsn.ts";
import { positionCertain } from "../../../roles/postgres-node/decide/certain.ts";
import { newestPause } from "../../../roles/postgres-node/decide/memory.ts";
import { decideLicense } from "../../../roles/postgres-node/decide/license.ts";
import { decideMayPromote, type MayPromote } from "../../../roles/postgres-node/decide/promotion.ts";
import { decideRunning, type RunningPlan } from "../../../roles/postgres-node/decide/running.ts";
import { decideStartup, type StartupPlan } from "../../../roles/postgres-node/decide/startup.ts";
import type { License, Peer, PrimaryInSight, ReachedPeer } from "../../../roles/postgres-node/decide/view.ts";
import { lostPeer, standbyPeer } from "../../support/peer.ts";
import { hasToYield, peersOf, saysOverruled } from "./force.ts";
import { partnersOf, type Running, type SimNode } from "./node.ts";
import { leadershipsSeen } from "./voter.ts";
import { originIn, positionOf, type Wal } from "./wal.ts";
import type { DataWorld } from "./world.ts";

export const systemIdentifier = "1";
const hides = (disk: SimNode["disk"], { rules }: DataWorld) => disk.short !== null && rules.uncovers;

/** What a node's agent reports of its WAL; null while it has no data. */
export function reportedPosition({ disk, now }: { disk: SimNode["disk"]; now: Running }): WalPosition | null {
  const { found, server } = now;
  const known = found.kind === "cluster" ? found : null;
  if (server === "none" || !now.answers) return known?.position ?? null;
  // a standby that has not streamed yet knows only the end that was found on its disk
  if (server === "standby" && !now.streaming && known !== null && !known.endRead) return known.position;
  const { wal } = disk; // it knows no timeline of which it has no record
  return wal && positionOf(server === "standby" && wal.end === wal.branch.from?.end ? wal.branch.from : wal);
}

export function isCertain({ found, server, ranSince, streaming, answers, replacing }: Running): boolean {
  return positionCertain({
    endRead: found.kind === "cluster" && found.endRead,
    ranSince,
    beingReplaced: replacing,
    postmasterRuns: server !== "none",
    server: answers ? { standby: server === "standby", streaming } : null,
  });
}

export function licenseOf(node: SimNode, world: DataWorld): License {
  const { settings, disk } = node;
  return decideLicense({
    role: roleOf(node.now!),
    everHadMajority: disk.memory.everHadMajority,
    secondLevel: settings.otherPartners.length === 0,
    leaseInForce: true,
    held: world.lease.heldBy(node),
  }).license;
}

export const roleOf = ({ server, answers }: Running): ReachedPeer["role"] =>
  server !== "none" && !answers ? "unknown" : server;

export function peerOf(other: SimNode, from: SimNode, world: DataWorld): Peer {
  const { settings: { host, nodeId }, disk, now } = other;
  if (now === null || !world.reaches(from.settings.host, host)) {
    return lostPeer(host);
  }
  const runs = now.server !== "none" && now.answers;
  return standbyPeer(host, nodeId, {
    role: roleOf(now),
    hasCluster: disk.wal !== null,
    wasPrimary: runs ? now.server === "primary" : now.found.kind === "cluster" ? now.found.wasPrimary : null,
    systemIdentifier: disk.wal === null ? null : systemIdentifier,
    position: reportedPosition({ disk, now }),
    certain: isCertain(now),
    becomingPrimary: now.bid && licenseOf(other, world) !== "missing",
    everHadMajority: disk.memory.everHadMajority,
    partners: world.rules.configurations ? partnersOf(other.settings) : [],
    paused: disk.memory.paused,
    upstream: now.server === "standby" ? disk.upstream : null,
    streaming: now.streaming,
    held: world.lease.heldBy(other),
    forced: disk.memory.forced,
    force: disk.memory.force,
    overruled: saysOverruled(other, world),
  });
}

const isOverruled = (p: Peer) => p.seen === "reached" && p.overruled;

function reportOf(node: SimNode, now: Running, world: DataWorld): NodeReport {
  const { settings, disk } = node;
  const { host, nodeId } = settings;
  const held = world.lease.heldBy(node);
  const licensed = !disk.memory.everHadMajority || held;
  const timeline = reportedPosition({ disk, now })?.timeline ?? null;
  const everHadMajority = disk.memory.everHadMajority || !world.rules.marker;
  const { forced } = disk.memory;
  const counts = { standbys: 0, streaming: false, everHadMajority, forced } as const;
  return { host, nodeId, role: roleOf(now), timeline, systemIdentifier, licensed, held, ...counts };
}

/** What a node sees of the others at this moment. */
export interface Surroundings {
  peers: readonly Peer[];
  observers: readonly { host: string; answers: boolean }[];
  primary: PrimaryInSight | null;
}

export function look(node: SimNode, world: DataWorld): Surroundings {
  const { settings, disk } = node;
  const now = node.now!;
  const reached = world.nodes.filter((n) => n !== node && world.reaches(settings.host, n.settings.host));
  for (const { disk } of [node, ...reached]) if (disk.wal) noteTimeline(now, disk.wal.branch.timeline);
  const own = reportOf(node, now, world);
  const peers = peersOf(node, world);
  const counting = reached.filter((n) => !peers.some((p) => p.host === n.settings.host && isOverruled(p)));
  const chosen = choosePrimary([own, ...counting.map((n) => reportOf(n, n.now!, world))], settings.host);
  if (chosen !== null) now.sawPrimary = true;
  return {
    peers,
    observers: settings.observers.map((host) => ({ host, answers: world.reaches(settings.host, host) })),
    primary: chosen && primaryOf(chosen, chosen === own ? null : world.node(chosen.host).disk.wal, disk.wal),
  };
}

function noteTimeline(now: Running, timeline: number): void {
  now.newestTimeline = Math.max(now.newestTimeline, timeline);
}

function primaryOf(report: NodeReport, wal: Wal | null, own: Wal | null): PrimaryInSight {
  const { host, systemIdentifier, timeline } = report;
  if (wal === null) return { host, systemIdentifier, timeline, history: [], origin: null };
  const origin = own && originIn(wal, own.branch.timeline);
  return { host, systemIdentifier, timeline, history: wal.branch.history, origin };
}

export function viewOf(node: SimNode, seen: Surroundings, world: DataWorld) {
  const { settings: { host, nodeId, upstream, otherPartners, mode }, disk } = node;
  const { everHadMajority, forced } = disk.memory;
  const { certain, configurations, proof, marker } = world.rules;
  const view = {
    self: { host, nodeId, name: host, priority: 100, uptimeSeconds: 60 },
    mayBootstrap: false,
    configuredUpstream: upstream,
    otherPartners,
    strict: mode === "strict" && !forced && proof,
    paused: newestPause(disk.memory.paused, seen).on,
    restoring: null,
    quorum: !forced,
    everHadMajority,
    overruled: hasToYield(node, seen.peers, world),
    cutOff: null,
    leaderships: leadershipsSeen(node, configurations),
    ...seen,
    peers: seen.peers.map((p) => p.seen === "reached" && !certain ? { ...p, certain: true } : p),
  };
  if (marker) return view;
  const unmarked = view.peers.map((p) => p.seen === "reached" ? { ...p, everHadMajority: everHadMajority } : p);
  return { ...view, peers: unmarked };
}

export function startupOf(node: SimNode, world: DataWorld, final: boolean): StartupPlan {
  const { found, cloneBecause, votesAlone } = node.now!;
  const view = viewOf(node, look(node, world), world);
  const own = {
    leadsAgain: node.disk.memory.forced && world.lease.heldBy(node) && !votesAlone,
    data: found,
    restore: null,
    stuckWithoutRoom: false,
    waitedMs: 60_000,
    cloneBecause,
    cleanOverRewind: false,
  };
  return decideStartup({ ...view, ...own }, { final });
}

export function mayPromote(node: SimNode, seen: Surroundings, options: MayPromote, world: DataWorld): boolean {
  const { disk, now } = node;
  if (hides(disk, world)) return false;
  const position = reportedPosition({ disk, now: now! }) ?? positionOf(disk.wal!);
  const { sawPrimary } = now!;
  const view = { ...viewOf(node, seen, world), sawPrimary, role: "standby" as const, systemIdentifier, position };
  return decideMayPromote(view, options).ok;
}

export function runningOf(node: SimNode, seen: Surroundings, world: DataWorld): RunningPlan {
  const { disk } = node;
  const now = node.now!;
  const wal = disk.wal!;
  return decideRunning({
    ...viewOf(node, seen, world),
    role: now.server === "primary" ? "primary" : "standby",
    systemIdentifier,
    position: reportedPosition({ disk, now }) ?? positionOf(wal),
    origin: originIn(wal, wal.branch.timeline),
    upstream: now.server === "standby" ? disk.upstream : null,
    streaming: now.streaming,
    notStreamingMs: now.notStreamingMs,
    noPrimaryMs: now.noPrimaryMs,
    sawPrimary: now.sawPrimary,
    holder: world.voter(node.settings.host).grant === null ? "none" : world.random.pick(["quiet", "renews"]),
    license: licenseOf(node, world),
    hidingFile: hides(disk, world) && seen.primary === null ? "short" : null,
    trouble: now.trouble,
  });
}
