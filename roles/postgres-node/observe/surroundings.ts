// Builds what this node sees: its own server, and every other node's agent. Reads only.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { choosePrimary, reportOf } from "../../../core/protocol/choose-primary.ts";
import type { AskHow, Peers } from "../../../core/client/peers.ts";
import type { PeerSeen } from "../../../core/protocol/status.ts";
import type { AgentState, ServerSeen } from "../state/agent-state.ts";
import type { Peer, PrimaryInSight } from "../decide/view.ts";
import { withFoundWal } from "../decide/certain.ts";
import { type Node, statusOf } from "../node.ts";
import { connectLocal, readDownstream, readServerState } from "../tools/queries.ts";
import { readRegisteredNodes } from "../tools/repmgr-queries.ts";
import { readTimelines } from "./timeline-origin.ts";
import { DeadlineError, withDeadline } from "../../../core/runtime/time.ts";

/** An agent that does not answer within this counts as unreachable, milliseconds. */
export const peerTimeoutMs = 1_500;
/** The look with the lease in hand, which is final: every server is looked at anew, and who is slow is not waited for. */
export const finalLook: AskHow = { timeoutMs: 500, fresh: true };
/** Likewise for one that did not answer the last time, milliseconds. */
const silentTimeoutMs = 400;

/** One look at the node's own server. Throws where it does not answer in time. */
export async function observeServer(node: Node): Promise<ServerSeen> {
  const { sql, clock, state: known } = node;
  const look = async () => {
    const state = withFoundWal(await readServerState(sql), {
      found: known.data?.kind === "cluster" ? known.data.position : null,
      seenTimeline: known.server?.state.timeline ?? null,
    });
    const downstream = await readDownstream(sql);
    const registered = await readRegisteredNodes(sql);
    return { state, downstream, registered, atMs: clock.nowMs() };
  };
  try {
    return await withDeadline(look(), 3_000, "The local server");
  } catch (error) {
    if (error instanceof DeadlineError && node.sql === sql) {
      // the server hangs, or the driver's connection does for good (driver-fault.ts)
      node.sql = connectLocal(node.config.replicationDb);
      sql.end({ timeout: 0 }).catch(() => {});
    }
    throw error;
  }
}

export interface Surroundings {
  peers: Peer[];
  observers: { host: string; answers: boolean }[];
  primary: PrimaryInSight | null;
}

/** Asks the agents of all nodes known: the configured ones, those registered and remembered, and those that answers name. */
export async function observeSurroundings(
  deps: Node,
  how: AskHow = { timeoutMs: peerTimeoutMs },
): Promise<Surroundings> {
  const first = knownHosts(deps.config, deps.state, deps.memory.hosts);
  const observing = Promise.all(deps.config.observers.map((host) => answers(host, how.timeoutMs, deps.peers)));
  let said = await askAll(first, how, deps);
  const learnt = others(said.flatMap(namedBy), deps.config).filter((host) => !first.includes(host));
  if (learnt.length > 0) said = [...said, ...await askAll(learnt, how, deps)];
  const trusted = said.map((a) => notOurselves(a, deps.config));
  return {
    peers: trusted.map(toPeer),
    observers: await observing,
    primary: await findPrimary(trusted, deps),
  };
}

/** Whoever was silent the last time does not hold up a look as long again. */
async function askAll(hosts: readonly string[], how: AskHow, { silent, peers }: Node): Promise<PeerSeen[]> {
  const said = await Promise.all(hosts.map((host) => {
    const timeoutMs = silent.has(host) ? Math.min(how.timeoutMs, silentTimeoutMs) : how.timeoutMs;
    return peers.askNode(host, { ...how, timeoutMs });
  }));
  for (const { host, seen } of said) {
    if (seen === "reached") silent.delete(host);
    else silent.add(host);
  }
  return said;
}

async function answers(host: string, timeoutMs: number, peers: Peers): Promise<{ host: string; answers: boolean }> {
  const text = await withDeadline(peers.getText(host, "/status", timeoutMs), timeoutMs, host).catch(() => null);
  return { host, answers: text !== null };
}

/** What every decision of the node knows: configuration, memory, and what was just seen. */
export function viewOf(node: Node, seen: Surroundings) {
  const { config, memory, clock, state } = node;
  return {
    self: {
      host: config.host,
      nodeId: config.id,
      name: config.name,
      priority: config.priority,
      uptimeSeconds: Math.round((clock.nowMs() - state.startedMs) / 1000),
    },
    mayBootstrap: config.upstreamHost === null,
    configuredUpstream: config.upstreamHost,
    otherPartners: config.otherPartners,
    quorum: config.quorum && !memory.forced,
    strict: config.consistency === "strict" && !memory.forced,
    paused: memory.paused.on,
    everHadMajority: memory.everHadMajority,
    ...seen,
  };
}

/** Hosts to ask from configuration, the last known registrations and memory; not this node itself. */
export function knownHosts(config: NodeConfig, state: AgentState, remembered: readonly string[]): string[] {
  const registered = state.server?.registered ?? [];
  const configured = [config.upstreamHost, ...config.otherPartners].filter((h) => h !== null);
  return others([...configured, ...registered.map((r) => r.host), ...remembered], config);
}

function others(hosts: readonly string[], config: NodeConfig): string[] {
  return [...new Set(hosts)].filter((host) => host !== "" && host !== config.host);
}

function namedBy(answer: PeerSeen): string[] {
  if (answer.seen !== "reached") return [];
  const { registered, upstream } = answer.status.postgres;
  return [...(registered ?? []).map((r) => r.host), ...(upstream ? [upstream.host] : [])];
}

/** A name that leads to another node than it should, for example a reused address, is no answer of that node. */
function notOurselves(answer: PeerSeen, config: NodeConfig): PeerSeen {
  if (answer.seen !== "reached") return answer;
  if (answer.status.node.id === config.id && answer.status.node.host === config.host) {
    return { host: answer.host, seen: "unreachable", error: "the name leads back to this node" };
  }
  return answer;
}

function toPeer(answer: PeerSeen): Peer {
  if (answer.seen !== "reached") return answer;
  const { status } = answer;
  const { timeline, lsn } = status.postgres;
  return {
    seen: "reached",
    host: answer.host,
    nodeId: status.node.id,
    name: status.node.name,
    uptimeSeconds: status.uptimeSeconds,
    role: status.postgres.role,
    hasCluster: status.postgres.data === "cluster",
    wasPrimary: status.postgres.wasPrimary,
    systemIdentifier: status.postgres.systemIdentifier,
    position: timeline !== null && lsn !== null ? { timeline, lsn } : null,
    certain: status.certain,
    failingMs: status.failingMs,
    priority: status.priority,
    becomingPrimary: status.becomingPrimary,
    everHadMajority: status.everHadMajority,
    paused: status.paused,
    diskFreeBytes: status.disk?.freeBytes ?? null,
    upstream: status.postgres.upstream?.host ?? null,
    streaming: status.postgres.upstream?.streaming ?? false,
  };
}

async function findPrimary(answers: readonly PeerSeen[], deps: Node): Promise<PrimaryInSight | null> {
  const own = reportOf(deps.config.host, statusOf(deps));
  const others = answers.flatMap((a) => a.seen === "reached" ? [reportOf(a.host, a.status)] : []);
  // a node with data looks for the primary of its own cluster only
  const ours = others.filter((r) => own.systemIdentifier === null || r.systemIdentifier === own.systemIdentifier);
  const chosen = choosePrimary([own, ...ours], deps.config.host);
  if (!chosen) return null;
  const { host, systemIdentifier, timeline } = chosen;
  const sight = { host, systemIdentifier, timeline };
  if (chosen === own || timeline === null) return { ...sight, history: [], origin: null };
  return { ...sight, ...await readTimelines(host, timeline, own.timeline, deps) };
}
