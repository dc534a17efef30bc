// What every part of a running node works with, put together once in role.ts.
import type { NodeConfig } from "../../config/postgres-node.ts";
import type { Log } from "../../core/runtime/log.ts";
import type { Supervised } from "../../core/runtime/supervisor.ts";
import type { Clock } from "../../core/runtime/time.ts";
import type { AgentState } from "./state/agent-state.ts";
import type { TimelineOrigin } from "../../core/postgres/lsn.ts";
import type { ControlClient } from "../../core/client/control-client.ts";
import type { Peers } from "../../core/client/peers.ts";
import type { ControlKeys } from "../../core/protocol/signing.ts";
import type { Voter } from "../../core/lease/voter.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { observedRole, renderStatus } from "./state/agent-state.ts";
import type { StreamingTrouble } from "./text/controldata.ts";
import type { RewindUnderWay } from "./data/rewind.ts";
import type { Fence } from "./lease/fence.ts";
import type { History } from "./state/history.ts";
import type { Lease } from "./lease/lease.ts";
import type { Memory } from "./state/memory.ts";
import type { Sql } from "./tools/queries.ts";
import type { PrimaryTimelines } from "./decide/view.ts";

/** An order to hand the primary's role over. */
export interface HandOver {
  to: string;
  because: string;
}

export interface Node {
  config: NodeConfig;
  state: AgentState;
  clock: Clock;
  log: Log;
  /** aborts when the container is to stop */
  stop: AbortSignal;
  /** postgresql.conf as PostgreSQL has accepted it */
  serverConfig: string;
  memory: Memory;
  lease: Lease;
  voter: Voter;
  client: ControlClient;
  peers: Peers;
  fence: Fence;
  keys: ControlKeys;
  /** what was announced last, and who waits for the next change */
  announced: { key: string; waiting: AbortController };
  /** NODE_NAME of every node seen, by host */
  names: Map<string, string>;
  /** hosts whose agents did not answer when last asked */
  silent: Set<string>;
  /** a primary has been in sight since this agent started */
  sawPrimary: boolean;
  /** the standby that is to lead next, by an operator's or this node's own order: it could when the order was given */
  handOver: HandOver | null;
  /** what is known of the primary's timelines, by its host, its timeline and ours */
  timelines: Map<string, PrimaryTimelines>;
  /** how the present timeline began, as first seen here: what is streamed later may be another's */
  ownOrigin: { timeline: number; origin: TimelineOrigin } | null;
  sql: Sql;
  /** what PostgreSQL's log last said about why it cannot stream, and when */
  trouble: { what: StreamingTrouble; atMs: number } | null;
  repmgrd: Supervised | null;
  history: History;
  rewinding: RewindUnderWay | null;
  /** why an operator wants this standby cloned again, or null */
  cloneAsked: string | null;
  /** ends the present pause of the watch loop, after an event */
  wake: () => void;
}

/** Says what the agent does now and why: in /status and, where it changed, in the log. */
export function say(node: Node, phase: AgentState["phase"], doing: string, because: string): void {
  const { state } = node;
  if (state.phase === phase && state.doing === doing && state.because === because) return;
  Object.assign(state, { phase, doing, because });
  node.log.info("Agent", { phase, doing, because });
  announce(node);
}

/** Whoever waits for a change of this node's role, phase or lease is told, where there is one. */
export function announce(node: Node): void {
  const { state, lease } = node;
  const key = `${state.phase} ${observedRole(state)} ${state.server?.state.timeline} ${lease.held()}`;
  if (key === node.announced.key) return;
  state.revision++;
  node.announced.waiting.abort();
  node.announced = { key, waiting: new AbortController() };
}

/** Whether this node may be read-write now; "missing" where it needs the lease and does not hold it. */
export function licenseOf(node: Node): "held" | "missing" | "not-needed" {
  if (!node.memory.everHadMajority && !knowsHolder(node)) return "not-needed";
  // a node of the second level of such a cluster never leads
  if (node.config.electorate.length === 0 && node.config.upstreamHost !== null) return "missing";
  if (!node.lease.mode.on) return "not-needed";
  return node.lease.held() ? "held" : "missing";
}

/** A primary with the lease: who has a role to hand over. */
export function leads(node: Node): boolean {
  return observedRole(node.state) === "primary" && licenseOf(node) === "held";
}

/** From now on a server that is read-write, or about to be, dies with the lease, where this node needs one. */
export function armIfNeeded(node: Node): void {
  if (licenseOf(node) !== "not-needed") node.lease.arm();
}

/** A standby that has granted the lease knows of it a second before its own marker does: while the holder may lead, it may not. */
function knowsHolder({ state, voter, config }: Node): boolean {
  const holder = voter.granted()?.host ?? config.host;
  return observedRole(state) === "standby" && holder !== config.host;
}

/** GET /status of this moment. */
export function statusOf(node: Node): NodeStatus {
  const { lease, state, config, clock, memory, voter } = node;
  Object.assign(state, { paused: memory.paused, forced: memory.forced });
  const remainingMs = lease.remainingMs();
  const mode = !lease.mode.on ? "off" : memory.everHadMajority ? "on" : "bootstrap";
  return renderStatus(state, config, clock.nowMs(), {
    mode,
    because: !lease.mode.on
      ? lease.mode.because
      : mode === "on"
      ? "the holder of a majority's lease is the primary"
      : "a majority of the voters has not joined yet",
    held: remainingMs > 0,
    remainingMs: Math.round(remainingMs),
    term: lease.term(),
    grantedTo: voter.granted()?.host ?? null,
    voters: config.electorate,
    refusals: lease.refusalTexts(),
  });
}
