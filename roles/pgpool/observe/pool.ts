// What the agent sees: what the backends are, as their nodes report, and pgpool's view of them.
import { servesPrimary } from "../decide/pool.ts";
import { decideTruth } from "../decide/truth.ts";
import { type PoolAgent, seenNow } from "../state.ts";
import { readPoolNodes } from "../tools/pcp.ts";
import type { NodeWatch } from "./nodes.ts";

/** How long pgpool has to answer, milliseconds. */
const answerMs = 1_500;

/** Updates which backend is the primary, from the last report of every node. */
export function learnTruth(agent: PoolAgent, nodes: NodeWatch): void {
  const before = agent.truth;
  agent.truth = decideTruth(nodes.seen(), before.known);
  const { primary, known, whyNone } = agent.truth;
  if (primary === before.primary && (primary !== null || whyNone === before.whyNone)) return;
  if (primary === null) agent.log.warn("No primary in sight", { because: whyNone });
  else agent.log.info("Primary in sight", { backend: primary, host: known?.host, timeline: known?.timeline });
}

/** Updates pgpool's view of its backends, if pgpool runs. */
export async function lookAtPool(agent: PoolAgent): Promise<void> {
  const { clock, log, run, truth } = agent;
  const before = seenNow(agent);
  if (!run?.process.supervised.running()) {
    agent.seen = { ...before, nodes: null };
    return;
  }
  const answer = await readPoolNodes(answerMs);
  if (answer.nodes === null) {
    log.debug("pgpool could not be asked", { why: answer.why });
    agent.seen = { ...before, nodes: null, blindSinceMs: before.blindSinceMs ?? clock.nowMs() };
    return;
  }
  const { nodes } = answer;
  const serves = truth.primary !== null && servesPrimary(nodes, truth.primary);
  if (serves && !before.served) {
    log.info("pgpool serves the primary", { afterMs: Math.round(clock.nowMs() - run.process.startedMs) });
  }
  agent.seen = { ...before, nodes, blindSinceMs: null, served: before.served || serves };
  agent.everServed ||= serves;
}
