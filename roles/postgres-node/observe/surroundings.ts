// What this node sees of the others: every other node's agent, the observers, and which node is the primary. Reads only.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { AskHow } from "../../../core/client/peers.ts";
import { choosePrimary, ofMajority, reportOf } from "../../../core/protocol/choose-primary.ts";
import { misdirected } from "../../../core/protocol/identity.ts";
import type { PeerSeen } from "../../../core/protocol/status.ts";
import { noteDifferences } from "./differences.ts";
import { newestPause } from "../decide/memory.ts";
import { isOverruled, withOverruled } from "../decide/overruled.ts";
import { toPeer } from "../decide/peer.ts";
import { endOf } from "../decide/lag.ts";
import { type Peer, type PrimaryInSight, type PrimaryTimelines, reached, type Surroundings } from "../decide/view.ts";
import { cutOffOf, epochsOf, type Node, ownOf, statusOf } from "../node.ts";

/** An agent that does not answer within this counts as unreachable, milliseconds. */
export const peerTimeoutMs = 1_000;
/** The final look, while the lease is held: every server is looked at again, and slow agents are not waited for. */
export const finalLook: AskHow = { timeoutMs: 500, fresh: true };
/** The time for an agent that did not answer last time, milliseconds: it does not delay a look for as long again. */
const silentTimeoutMs = 400;
/** The same in the final look, for which clients wait. */
const silentFinalMs = 200;

/** Asks the agents of all known nodes: configured, registered or remembered here, or named in an answer. */
export async function observeSurroundings(
  node: Node,
  how: AskHow = { timeoutMs: peerTimeoutMs },
): Promise<Surroundings> {
  const { config, doors, seen, memory } = node;
  const first = knownHosts(node, memory.now.hosts);
  const atMs = node.clock.nowMs();
  const observing = Promise.all(config.observers.map(async (host) => ({
    host,
    answers: await doors.others.answers(host, how.timeoutMs),
  })));
  let said = await askAll(first, how, node);
  const learnt = others(said.flatMap(namedBy), config).filter((host) => !first.includes(host));
  if (learnt.length > 0) said = [...said, ...await askAll(learnt, how, node)];
  said = withoutMisdirected(said);
  noteTimelines(said, node);
  noteDifferences(said, node);
  const peers = withOverruled({ ...epochsOf(node), peers: said.map(toPeer) });
  const primary = await findPrimary(said, peers, node);
  if (primary !== null) seen.primarySeen(endOf(primary, peers, atMs));
  return { peers, observers: await observing, primary };
}

async function askAll(hosts: readonly string[], how: AskHow, { config, doors, seen }: Node): Promise<PeerSeen[]> {
  const said = await Promise.all(hosts.map(async (host) => {
    const silentMs = how.fresh ? silentFinalMs : silentTimeoutMs;
    const timeoutMs = seen.wasSilent(host) ? Math.min(how.timeoutMs, silentMs) : how.timeoutMs;
    return notOurselves(await doors.others.ask(host, { ...how, timeoutMs }), config);
  }));
  for (const answer of said) {
    if (answer.seen === "reached") seen.hostAnswered(answer.host, answer.status.node);
    else seen.hostSilent(answer.host);
  }
  return said;
}

/** What every decision of the node sees: configuration, memory, and what was just seen. */
export function viewOf(node: Node, seen: Surroundings) {
  const { config, clock, lease } = node;
  const memory = node.memory.now;
  const paused = newestPause(memory.paused, seen);
  return {
    self: {
      host: config.host,
      nodeId: config.id,
      name: config.name,
      priority: config.priority,
      uptimeSeconds: Math.round((clock.nowMs() - node.startedMs) / 1000),
    },
    mayBootstrap: config.upstreamHost === null,
    configuredUpstream: config.upstreamHost,
    otherPartners: config.otherPartners,
    quorum: config.quorum && !memory.forced,
    forced: memory.forced,
    strict: config.consistency === "strict" && !memory.forced,
    paused: paused.on,
    restoring: paused.on ? paused.restoring ?? null : null,
    overruled: isOverruled({ ...epochsOf(node), peers: seen.peers }),
    everHadMajority: memory.everHadMajority,
    leaderships: lease.leaderships(),
    cutOff: cutOffOf(node),
    ...seen,
  };
}

/** Hosts to ask from configuration, the last known registrations and memory; not this node itself. */
export function knownHosts({ config, seen }: Pick<Node, "config" | "seen">, remembered: readonly string[]): string[] {
  const registered = seen.now.server?.registered ?? [];
  const configured = [config.upstreamHost, ...config.otherPartners].filter((h) => h !== null);
  return others([...configured, ...registered.map((r) => r.host), ...remembered], config);
}

/** The names that are certainly not this node's: what is for them and comes here was sent to the wrong address. */
export function namesOfOthers({ config, seen }: Pick<Node, "config" | "seen">): string[] {
  const registered = (seen.now.server?.registered ?? []).filter((r) => r.nodeId !== config.id);
  return others([...config.otherPartners, ...config.observers, ...registered.map((r) => r.host)], config);
}

function others(hosts: readonly string[], config: NodeConfig): string[] {
  return [...new Set(hosts)].filter((host) => host !== "" && host !== config.host);
}

function namedBy(answer: PeerSeen): string[] {
  if (answer.seen !== "reached") return [];
  const { registered, upstream } = answer.status.postgres;
  return [...(registered ?? []).map((r) => r.host), ...(upstream ? [upstream.host] : [])];
}

/** A name may resolve to this node itself, for example if an address was reused. Then the other node did not answer. */
function notOurselves(answer: PeerSeen, config: NodeConfig): PeerSeen {
  if (answer.seen !== "reached") return answer;
  if (answer.status.node.id === config.id && answer.status.node.host === config.host) {
    return { host: answer.host, seen: "unreachable", error: "the name resolves to this node itself" };
  }
  return answer;
}

/** A name that led to another node says nothing of the node that was meant. */
function withoutMisdirected(answers: readonly PeerSeen[]): PeerSeen[] {
  const wrong = misdirected(
    answers.flatMap((a) =>
      a.seen === "reached" ? [{ host: a.host, nodeId: a.status.node.id, ownHost: a.status.node.host }] : []
    ),
    answers.map((a) => a.host),
  );
  return answers.map((a) =>
    wrong.has(a.host) ? { host: a.host, seen: "unreachable", error: "the name resolves to another node" } : a
  );
}

/** Timelines of this cluster, whoever is on them: the next leadership begins above them. */
function noteTimelines(answers: readonly PeerSeen[], node: Node): void {
  const own = ownOf(node);
  if (own.timeline !== null) node.seen.timelineSeen(own.timeline);
  for (const answer of answers) {
    if (answer.seen !== "reached") continue;
    const { systemIdentifier, timeline } = answer.status.postgres;
    if (systemIdentifier === own.systemIdentifier && timeline !== null) node.seen.timelineSeen(timeline);
  }
}

async function findPrimary(
  answers: readonly PeerSeen[],
  peers: readonly Peer[],
  node: Node,
): Promise<PrimaryInSight | null> {
  const own = reportOf(node.config.host, statusOf(node));
  const others = answers.flatMap((a) => a.seen === "reached" ? [reportOf(a.host, a.status)] : []);
  // a node with data looks for the primary of its own cluster only
  const overruled = reached({ peers }).filter((p) => p.overruled).map((p) => p.host);
  const ours = others.filter((r) =>
    (own.systemIdentifier === null || r.systemIdentifier === own.systemIdentifier) && !overruled.includes(r.host)
  );
  // while this node leads by the lease of a majority nobody else does: what another claims is old or false
  const claims = own.role === "primary" && ofMajority(own) ? ours.map((r) => ({ ...r, held: false })) : ours;
  const chosen = choosePrimary([own, ...claims], node.config.host);
  if (!chosen) return null;
  const { host, systemIdentifier, timeline } = chosen;
  const sight = { host, systemIdentifier, timeline };
  if (chosen === own || timeline === null) return { ...sight, history: [], origin: null };
  return { ...sight, ...await timelinesOf(host, timeline, node) };
}

/** The history of the primary's timeline, and the origin of our timeline there. Neither changes, so both are read once. */
async function timelinesOf(host: string, timeline: number, node: Node): Promise<PrimaryTimelines> {
  const ours = ownOf(node).timeline;
  const key = `${host}/${timeline}/${ours}`;
  try {
    return await node.seen.timelinesOf(key, () => node.doors.others.timelines(host, timeline, ours));
  } catch (error) {
    node.log.warn("The timeline history could not be read", { from: host, timeline, error });
    return { history: null, origin: null };
  }
}
