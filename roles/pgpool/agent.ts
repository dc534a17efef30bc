// The pgpool agent: compares the nodes' own word with pgpool's view, at every change and once a second, and mends the
// difference; starts pgpool, and starts it again where it ended, hangs or holds on to a lost primary.
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import type { Phase } from "../../core/protocol/status.ts";
import type { PoolAgent } from "./state.ts";
import { decidePool, inService, type PoolAction, servesPrimary, startPatienceMs, upAtStart } from "./decide/pool.ts";
import { decideTruth } from "./decide/truth.ts";
import { type NodeWatch, watchNodes } from "./node-watch.ts";
import { changeNode, readPoolNodes } from "./tools/pcp.ts";
import { killPgpool, type PgpoolProcess, startPgpool } from "./tools/pgpool-process.ts";

function say(agent: PoolAgent, phase: Phase, doing: string, because: string): void {
  const before = { phase: agent.phase, doing: agent.doing };
  Object.assign(agent, { phase, doing, because });
  if (before.phase !== phase || before.doing !== doing) agent.log.info("Agent", { phase, doing, because });
}

/** Waits for backends, starts pgpool and keeps it right until the container stops. Throws OperatorError. */
export async function runAgent(agent: PoolAgent): Promise<void> {
  const nodes = watchNodes(agent.config.backends, agent);
  await nodes.first;
  await waitForBackends(agent, nodes);
  while (!agent.stop.aborted) {
    learn(agent, nodes);
    await lookAtPool(agent);
    if (agent.stop.aborted) break;
    await mend(agent).catch((error) => {
      if (error instanceof OperatorError && error.exitCode === ExitCode.config) throw error;
      agent.log.error("The pool could not be mended", { error });
    });
    agent.turnedMs = agent.clock.nowMs();
    nodes.hurry(agent.truth.primary === null || !agent.start.served);
    await nodes.changed(agent.start.served ? 1_000 : 250);
  }
}

async function waitForBackends(agent: PoolAgent, nodes: NodeWatch): Promise<void> {
  const { config, clock } = agent;
  const end = clock.nowMs() + config.waitBackendSeconds * 1000;
  nodes.hurry(true);
  while (!agent.stop.aborted) {
    learn(agent, nodes);
    agent.turnedMs = clock.nowMs();
    const serving = inService(agent.truth.backends);
    const enough = serving.length >= Math.max(1, config.requireMinBackends);
    if (agent.truth.primary !== null && enough) return await start(agent, "the primary is in sight");
    const waiting = `${serving.length} of ${config.backends.length} backends serve; ` +
      (agent.truth.whyNone || `REQUIRE_MIN_BACKENDS asks for ${config.requireMinBackends}`);
    if (clock.nowMs() >= end) {
      if (serving.length < config.requireMinBackends) throw tooFew(agent, serving);
      if (serving.length > 0) return await start(agent, `WAIT_BACKEND_TIMEOUT is over: ${waiting}`);
    }
    say(agent, "waiting", "waiting for backends", waiting);
    await nodes.changed(500);
  }
}

function tooFew(agent: PoolAgent, serving: readonly number[]): OperatorError {
  const missing = agent.config.backends.filter((b) => !serving.includes(b.id)).map((b) => b.host);
  return new OperatorError({
    what:
      `${serving.length} backends serve after ${agent.config.waitBackendSeconds} s, REQUIRE_MIN_BACKENDS asks for ` +
      agent.config.requireMinBackends,
    why: `not in service: ${missing.join(", ")}`,
    fix: "start these nodes, check their names in BACKENDS, or lower REQUIRE_MIN_BACKENDS",
  });
}

async function start(agent: PoolAgent, because: string): Promise<void> {
  const { truth, config } = agent;
  const up = upAtStart(truth.backends, truth.primary);
  const host = config.backends.find((b) => b.id === truth.primary)?.host ?? null;
  agent.log.info("Starting pgpool", { primary: host, up, because });
  say(agent, "running", host === null ? "starting pgpool for reads" : `starting pgpool, writes go to ${host}`, because);
  agent.start = { forPrimary: truth.primary, served: false, inARow: agent.start.inARow + 1 };
  Object.assign(agent, { pool: null, blindSince: null, detached: new Set() });
  agent.process = await startPgpool(config, up, agent);
}

function learn(agent: PoolAgent, nodes: NodeWatch): void {
  const before = agent.truth;
  agent.truth = decideTruth(nodes.seen(), before.known);
  const { primary, known, whyNone } = agent.truth;
  if (primary === before.primary && (primary !== null || whyNone === before.whyNone)) return;
  if (primary === null) agent.log.warn("No primary in sight", { because: whyNone });
  else agent.log.info("Primary in sight", { backend: primary, host: known?.host, timeline: known?.timeline });
}

async function lookAtPool(agent: PoolAgent): Promise<void> {
  const { truth, process } = agent;
  if (!process?.supervised.running()) {
    agent.pool = null;
    return;
  }
  const seen = await readPoolNodes(1_500);
  if (seen.nodes === null) {
    agent.log.debug("pgpool could not be asked", { why: seen.why });
    agent.blindSince ??= agent.clock.nowMs();
  } else agent.blindSince = null;
  agent.pool = seen.nodes;
  if (seen.nodes === null || truth.primary === null || !servesPrimary(seen.nodes, truth.primary)) return;
  if (!agent.start.served) {
    agent.log.info("pgpool serves the primary", { afterMs: Math.round(agent.clock.nowMs() - process.startedMs) });
  }
  agent.start = { ...agent.start, served: true, inARow: 0 };
  agent.everServed = true;
}

async function mend(agent: PoolAgent): Promise<void> {
  const now = agent.clock.nowMs();
  const { process, truth } = agent;
  if (process === null) return;
  if (truth.primary === null) say(agent, "running", "waiting for a primary", truth.whyNone);
  else if (agent.pool !== null && servesPrimary(agent.pool, truth.primary)) {
    say(agent, "running", `serving, writes go to ${truth.known?.host}`, "it is the primary");
  }
  if (!process.supervised.running()) return await startAgain(agent, process);
  const actions = decidePool({
    truth: truth.backends,
    primary: truth.primary,
    pool: agent.pool,
    blindMs: agent.blindSince === null ? 0 : now - agent.blindSince,
    runningMs: now - process.startedMs,
    startedFor: agent.start.forPrimary,
    served: agent.start.served,
    bounded: agent.config.consistency === "partially-strict",
    detached: agent.detached,
    startsInARow: agent.start.inARow,
  });
  for (const action of actions) await apply(action, agent, process);
}

/** pgpool has ended by itself: at once after it has served, with growing pauses otherwise; never served at all: give up. */
async function startAgain(agent: PoolAgent, process: PgpoolProcess): Promise<void> {
  const end = process.supervised.lastExit();
  if (!agent.everServed && agent.start.inARow >= 3) {
    throw new OperatorError({
      what: `pgpool ended ${agent.start.inARow} times without having served`,
      why: process.lastLines().join(" | ") || `exit code ${end?.code}, signal ${end?.signal}`,
      fix: "correct the setting it names in CONFIGS",
      exitCode: ExitCode.config,
    });
  }
  const pauseMs = agent.start.inARow === 0 ? 0 : startPatienceMs(agent.start.inARow) / 5;
  if (agent.clock.nowMs() - process.startedMs < pauseMs || inService(agent.truth.backends).length === 0) return;
  agent.log.warn("pgpool has ended", { code: end?.code, signal: end?.signal, lines: process.lastLines() });
  agent.events.restart.inc();
  await killPgpool(process); // its children outlive a crash
  await start(agent, "pgpool ended by itself");
}

async function apply(action: PoolAction, agent: PoolAgent, process: PgpoolProcess): Promise<void> {
  if (action.do === "restart") {
    agent.log.warn("Restarting pgpool with a status file", { up: action.up, because: action.because });
    agent.events.restart.inc();
    await killPgpool(process);
    return await start(agent, action.because);
  }
  const failed = await changeNode(action.do, action.id).catch(errorText);
  const fields = { action: action.do, backend: action.id, because: action.because };
  if (failed === null) {
    if (action.do === "detach") agent.detached.add(action.id);
    else agent.detached.delete(action.id);
    agent.log.info("Pool changed", fields);
  } else agent.log.warn("The pool could not be changed", { ...fields, why: failed });
}
