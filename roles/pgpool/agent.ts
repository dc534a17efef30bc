// The pgpool agent: once a second it compares the nodes' own word with pgpool's view and mends the difference.
import type { PgpoolConfig } from "../../config/pgpool.ts";
import { choosePrimary, type Claim } from "../runtime/choose-primary.ts";
import { OperatorError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { askNodes, type PeerSeen } from "../runtime/peers.ts";
import type { PgpoolStatus, Phase } from "../runtime/status.ts";
import type { Clock } from "../runtime/time.ts";
import { POSTDOCK_VERSION } from "../runtime/version.ts";
import {
  type BackendTruth,
  decidePool,
  inService,
  type PoolAction,
  type PoolNode,
  type PoolView,
  servesPrimary,
} from "./decide-pool.ts";
import { changeNode, readPoolNodes } from "./pcp.ts";
import { killPgpool, type PgpoolProcess, startPgpool } from "./pgpool-process.ts";

export interface PoolAgent {
  config: PgpoolConfig;
  clock: Clock;
  log: Log;
  stop: AbortSignal;
  phase: Phase;
  doing: string;
  because: string;
  startedMs: number;
  lookedMs: number;
  process: PgpoolProcess | null;
  truth: Map<number, BackendTruth>;
  truthSince: Map<number, { key: string; since: number }>;
  primary: number | null;
  pool: PoolNode[] | null;
  blindSince: number | null;
  wrongSince: number | null;
  restarts: number;
}

export function newAgent(config: PgpoolConfig, deps: { clock: Clock; log: Log; stop: AbortSignal }): PoolAgent {
  return {
    ...deps,
    config,
    phase: "starting",
    doing: "preparing",
    because: "the container has just started",
    startedMs: deps.clock.nowMs(),
    lookedMs: deps.clock.nowMs(),
    process: null,
    truth: new Map(),
    truthSince: new Map(),
    primary: null,
    pool: null,
    blindSince: null,
    wrongSince: null,
    restarts: 0,
  };
}

function say(agent: PoolAgent, phase: Phase, doing: string, because: string): void {
  if (agent.phase === phase && agent.doing === doing && agent.because === because) return;
  Object.assign(agent, { phase, doing, because });
  agent.log.info("Agent", { phase, doing, because });
}

/** Waits for backends, starts pgpool and keeps it right until the container stops. Throws OperatorError. */
export async function runAgent(agent: PoolAgent): Promise<void> {
  await waitForBackends(agent);
  while (!agent.stop.aborted) {
    const before = agent.clock.nowMs();
    await lookAtNodes(agent);
    await lookAtPool(agent);
    if (agent.stop.aborted) break;
    await mend(agent);
    const spent = agent.clock.nowMs() - before;
    await agent.clock.sleep(Math.max(100, (agent.wrongSince === null ? 1_000 : 300) - spent), agent.stop);
  }
  await agent.process?.supervised.stop();
}

async function waitForBackends(agent: PoolAgent): Promise<void> {
  const { config, clock } = agent;
  const end = clock.nowMs() + config.waitBackendSeconds * 1000;
  while (!agent.stop.aborted) {
    await lookAtNodes(agent);
    const serving = inService(agent);
    const enough = serving.length >= Math.max(1, config.requireMinBackends);
    if (agent.primary !== null && enough) return await start(agent, `backend ${agent.primary} is the primary`);
    const waiting = `${serving.length} of ${config.backends.length} backends serve, the primary is ` +
      (agent.primary === null ? "not in sight" : `backend ${agent.primary}`);
    if (clock.nowMs() >= end) {
      if (serving.length < config.requireMinBackends) throw tooFew(agent, serving.length);
      if (serving.length > 0) return await start(agent, `WAIT_BACKEND_TIMEOUT is over, ${waiting}`);
    }
    say(agent, "waiting", "waiting for backends", config.backends.length === 0 ? "BACKENDS is empty" : waiting);
    await clock.sleep(500, agent.stop);
  }
}

function tooFew(agent: PoolAgent, serving: number): OperatorError {
  const lost = agent.config.backends.filter((b) => agent.truth.get(b.id)?.seen !== "reached").map((b) => b.host);
  return new OperatorError({
    what: `${serving} backends serve after ${agent.config.waitBackendSeconds} s, REQUIRE_MIN_BACKENDS asks for ` +
      agent.config.requireMinBackends,
    why: lost.length > 0 ? `no answer from ${lost.join(", ")}` : "the nodes are not ready",
    fix: "start these nodes, check their names in BACKENDS, or lower REQUIRE_MIN_BACKENDS",
  });
}

async function start(agent: PoolAgent, because: string): Promise<void> {
  const up = inService(agent);
  say(agent, "running", "serving", because);
  agent.process = await startPgpool(agent.config, up, agent);
  Object.assign(agent, { pool: null, blindSince: null, wrongSince: null });
}

async function lookAtNodes(agent: PoolAgent): Promise<void> {
  const { backends } = agent.config;
  const answers = await askNodes(backends.map((b) => b.host), 1_000);
  const claims = answers.flatMap((a): Claim[] => a.seen === "reached" ? [{ host: a.host, status: a.status }] : []);
  const inUse = backends.find((b) => b.id === agent.primary)?.host ?? null;
  const chosen = choosePrimary(claims, inUse);
  const identifier = chosen?.status.postgres.systemIdentifier ?? null;
  backends.forEach((backend, i) => noteTruth(agent, backend.id, answers[i]!, identifier));
  const primary = backends.find((b) => b.host === chosen?.host)?.id ?? null;
  if (primary !== agent.primary) {
    agent.log.info("Primary in sight", { backend: primary, host: chosen?.host ?? null, before: agent.primary });
  }
  agent.primary = primary;
  agent.lookedMs = agent.clock.nowMs();
}

function noteTruth(agent: PoolAgent, id: number, answer: PeerSeen, systemIdentifier: string | null): void {
  const now = agent.clock.nowMs();
  const role = answer.seen === "reached" ? answer.status.postgres.role : "unreachable";
  const before = agent.truthSince.get(id);
  const since = before?.key === role ? before.since : now;
  agent.truthSince.set(id, { key: role, since });
  const forMs = now - since;
  agent.truth.set(
    id,
    answer.seen === "reached"
      ? {
        seen: "reached",
        role: answer.status.postgres.role,
        sameCluster: systemIdentifier === null || answer.status.postgres.systemIdentifier === systemIdentifier,
        forMs,
      }
      : { seen: "unreachable", forMs },
  );
}

async function lookAtPool(agent: PoolAgent): Promise<void> {
  const now = agent.clock.nowMs();
  if (!agent.process?.supervised.running()) {
    agent.pool = null;
    return;
  }
  const seen = await readPoolNodes(agent.config.backends.map((b) => b.id), 1_500);
  if (seen.nodes === null) agent.log.debug("pgpool could not be asked", { why: seen.why });
  agent.pool = seen.nodes;
  agent.blindSince = seen.nodes === null ? agent.blindSince ?? now : null;
  const right = agent.primary === null || (seen.nodes !== null && servesPrimary(seen.nodes, agent.primary));
  agent.wrongSince = right ? null : agent.wrongSince ?? now;
}

async function mend(agent: PoolAgent): Promise<void> {
  const now = agent.clock.nowMs();
  if (!agent.process?.supervised.running()) {
    agent.log.warn("pgpool has ended, starting it again", { exit: agent.process?.supervised.lastExit() });
    if (agent.primary !== null) await start(agent, "pgpool ended by itself");
    return;
  }
  const since = (at: number | null) => at === null ? 0 : now - at;
  const view: PoolView = {
    truth: agent.truth,
    primary: agent.primary,
    pool: agent.pool,
    blindMs: since(agent.blindSince),
    wrongMs: since(agent.wrongSince),
    runningMs: now - agent.process.startedMs,
  };
  for (const action of decidePool(view)) await apply(action, agent);
}

async function apply(action: PoolAction, agent: PoolAgent): Promise<void> {
  if (action.do === "restart") {
    agent.log.warn("Restarting pgpool with a status file", { up: action.up, because: action.because });
    agent.restarts++;
    await killPgpool(agent.process!);
    return await start(agent, action.because);
  }
  const failed = await changeNode(action.do, action.id);
  const fields = { action: action.do, backend: action.id, because: action.because };
  if (failed === null) agent.log.info("Pool changed", fields);
  else agent.log.warn("The pool could not be changed", { ...fields, why: failed });
}

/** GET /status from what was last seen. */
export function renderPoolStatus(agent: PoolAgent): PgpoolStatus {
  const now = agent.clock.nowMs();
  const host = (id: number | null) => agent.config.backends.find((b) => b.id === id)?.host ?? null;
  return {
    schema: 1,
    component: "pgpool",
    postdock: POSTDOCK_VERSION,
    phase: agent.phase,
    doing: agent.doing,
    because: agent.because,
    uptimeSeconds: Math.round((now - agent.startedMs) / 1000),
    observedAgoMs: Math.round(now - agent.lookedMs),
    primary: host(agent.primary),
    backends: agent.config.backends.map((backend) => {
      const node = agent.pool?.find((n) => n.id === backend.id);
      return {
        id: backend.id,
        host: backend.host,
        port: backend.port,
        status: node?.status ?? "unknown",
        role: node?.role ?? "unknown",
        truth: truthWord(agent, backend.id),
      };
    }),
  };
}

function truthWord(agent: PoolAgent, id: number): PgpoolStatus["backends"][number]["truth"] {
  const truth = agent.truth.get(id);
  if (!truth || truth.seen === "unreachable") return "unreachable";
  return truth.role === "primary" || truth.role === "standby" ? truth.role : "not-in-service";
}
