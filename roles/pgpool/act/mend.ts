// Starts pgpool, and mends differences between its view and what the nodes report: by PCP, or by a restart.
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { decidePool, inService, type PoolAction, servesPrimary, startPatienceMs, upAtStart } from "../decide/pool.ts";
import { type PoolAgent, type PoolRun, say, seenNow } from "../state.ts";
import { changeNode } from "../tools/pcp.ts";
import { killPgpool, startPgpool } from "../tools/pgpool-process.ts";
import { wakeSessions } from "../tools/wake-sessions.ts";

/** Starts pgpool for the primary in sight, or for reads only if none is. */
export async function startPool(agent: PoolAgent, because: string): Promise<void> {
  const { truth, config } = agent;
  const up = upAtStart(truth.backends, truth.primary);
  const host = config.backends.find((b) => b.id === truth.primary)?.host ?? null;
  agent.log.info("Starting pgpool", { primary: host, up, because });
  say(
    agent,
    "running",
    host === null ? "starting pgpool for reads only" : `starting pgpool, writes go to ${host}`,
    because,
  );
  const run = {
    number: (agent.run?.number ?? 0) + 1,
    forPrimary: truth.primary,
    startsInARow: startsSinceServed(agent) + 1,
    detached: new Set<number>(),
  };
  // a failed start counts as well, so that the next one comes after a pause
  if (agent.run !== null) agent.run = { ...agent.run, ...run };
  agent.run = { ...run, process: await startPgpool(config, up, agent) };
}

/** How often pgpool was started since it last served. */
function startsSinceServed(agent: PoolAgent): number {
  return agent.run === null || seenNow(agent).served ? 0 : agent.run.startsInARow;
}

/** One turn: corrects what is wrong with the pool. Throws OperatorError if pgpool cannot be started at all. */
export async function mendPool(agent: PoolAgent): Promise<void> {
  const { run, truth } = agent;
  if (run === null) return;
  const { nodes, blindSinceMs, served } = seenNow(agent);
  const nowMs = agent.clock.nowMs();
  if (truth.primary === null) say(agent, "running", "waiting for a primary", truth.whyNone);
  else if (nodes !== null && servesPrimary(nodes, truth.primary)) {
    say(agent, "running", `serving, writes go to ${truth.known?.host}`, "it is the primary");
  }
  if (!run.process.supervised.running()) return await startAgain(agent, run);
  const actions = decidePool({
    truth: truth.backends,
    primary: truth.primary,
    pool: nodes,
    blindMs: blindSinceMs === null ? 0 : nowMs - blindSinceMs,
    runningMs: nowMs - run.process.startedMs,
    startedFor: run.forPrimary,
    served,
    bounded: agent.config.consistency === "partially-strict",
    detached: run.detached,
    startsInARow: startsSinceServed(agent),
  });
  const changed: boolean[] = [];
  for (const action of actions) changed.push(await apply(action, agent));
  if (changed.includes(true)) await wakeSessions(agent.clock);
}

/** Restarts a pgpool that ended by itself: at once if it has served, otherwise after growing pauses. Gives up if none ever served. */
async function startAgain(agent: PoolAgent, { process }: PoolRun): Promise<void> {
  const end = process.supervised.lastExit();
  const starts = startsSinceServed(agent);
  if (!agent.everServed && starts >= 3) {
    throw new OperatorError({
      what: `pgpool ended ${starts} times before it served`,
      why: process.lastLines().join(" | ") || `exit code ${end?.code}, signal ${end?.signal}`,
      fix: "correct the setting that is named here, in CONFIGS",
      exitCode: ExitCode.config,
    });
  }
  const pauseMs = starts === 0 ? 0 : startPatienceMs(starts) / 5;
  if (agent.clock.nowMs() - process.startedMs < pauseMs || inService(agent.truth.backends).length === 0) return;
  agent.log.warn("pgpool has ended", { code: end?.code, signal: end?.signal, lines: process.lastLines() });
  agent.events.restart.inc();
  await killPgpool(process); // its children outlive a crash
  await startPool(agent, "pgpool ended by itself");
}

/** Returns whether backends of the running pgpool have changed. */
async function apply(action: PoolAction, agent: PoolAgent): Promise<boolean> {
  const { run, log } = agent;
  if (run === null) return false;
  if (action.do === "restart") {
    log.warn("Restarting pgpool with a status file", { up: action.up, because: action.because });
    agent.events.restart.inc();
    await killPgpool(run.process);
    await startPool(agent, action.because);
    return false;
  }
  const failed = await changeNode(action.do, action.id).catch(errorText);
  const host = agent.config.backends.find((b) => b.id === action.id)?.host;
  const fields = { action: action.do, backend: action.id, host, because: action.because };
  if (failed !== null) {
    log.warn("The pool could not be changed", { ...fields, why: failed });
    return false;
  }
  const others = [...run.detached].filter((id) => id !== action.id);
  agent.run = { ...run, detached: new Set(action.do === "detach" ? [...others, action.id] : others) };
  log.info("Pool changed", fields);
  return true;
}
