// The pgpool agent: compares what the nodes report with pgpool's view, at every change and once a second, and mends the
// difference. It starts pgpool, and restarts it if it has ended, hangs or holds on to a lost primary.
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { KeptNames } from "../../core/runtime/kept-names.ts";
import { mendPool, startPool } from "./act/mend.ts";
import { inService } from "./decide/pool.ts";
import { type NodeWatch, watchNodes } from "./observe/nodes.ts";
import { learnTruth, lookAtPool } from "./observe/pool.ts";
import { lookAtSessions } from "./observe/sessions.ts";
import { type PoolAgent, say, seenNow } from "./state.ts";

/** Waits for backends, starts pgpool and keeps it right until the container stops. Throws OperatorError. */
export async function runAgent(agent: PoolAgent): Promise<void> {
  const nodes = watchNodes(agent.config.backends, agent);
  const names = new KeptNames({
    hosts: agent.config.backends.map((b) => b.host),
    names: agent.peers.names,
    log: agent.log,
  });
  await nodes.first;
  await waitForBackends(agent, nodes);
  while (!agent.stop.aborted) {
    learnTruth(agent, nodes);
    await names.update();
    await lookAtPool(agent);
    lookAtSessions(agent);
    if (agent.stop.aborted) break;
    await mendPool(agent).catch((error) => {
      if (error instanceof OperatorError && error.exitCode === ExitCode.config) throw error;
      agent.log.error("The pool could not be mended", { error });
    });
    agent.turnedMs = agent.clock.nowMs();
    const { served } = seenNow(agent);
    nodes.hurry(agent.truth.primary === null || !served);
    await nodes.changed(served ? 1_000 : 250);
  }
}

async function waitForBackends(agent: PoolAgent, nodes: NodeWatch): Promise<void> {
  const { config, clock } = agent;
  const end = clock.nowMs() + config.waitBackendSeconds * 1000;
  nodes.hurry(true);
  while (!agent.stop.aborted) {
    learnTruth(agent, nodes);
    agent.turnedMs = clock.nowMs();
    const serving = inService(agent.truth.backends);
    const enough = serving.length >= Math.max(1, config.requireMinBackends);
    if (agent.truth.primary !== null && enough) return await startPool(agent, "the primary is in sight");
    const waiting = `${serving.length} of ${config.backends.length} backends serve; ` +
      (agent.truth.whyNone || `REQUIRE_MIN_BACKENDS is ${config.requireMinBackends}`);
    if (clock.nowMs() >= end) {
      if (serving.length < config.requireMinBackends) throw tooFew(agent, serving);
      if (serving.length > 0) return await startPool(agent, `WAIT_BACKEND_TIMEOUT is over: ${waiting}`);
    }
    say(agent, "waiting", "waiting for backends", waiting);
    await nodes.changed(500);
  }
}

function tooFew(agent: PoolAgent, serving: readonly number[]): OperatorError {
  const missing = agent.config.backends.filter((b) => !serving.includes(b.id)).map((b) => b.host);
  return new OperatorError({
    what:
      `Only ${serving.length} backends serve after ${agent.config.waitBackendSeconds} s, and REQUIRE_MIN_BACKENDS is ` +
      agent.config.requireMinBackends,
    why: `not in service: ${missing.join(", ")}`,
    fix: "start these nodes, check their names in BACKENDS, or lower REQUIRE_MIN_BACKENDS",
  });
}
