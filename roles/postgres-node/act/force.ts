// Two special cases of the lease: the first one of a cluster, and the end of a forced failover.
import { isRestored, majorityAnswers } from "../decide/counting.ts";
import { decideForce, type ForcePlan } from "../decide/force.ts";
import { overruledText } from "../decide/overruled.ts";
import type { StartupPlan } from "../decide/startup.ts";
import type { Surroundings } from "../decide/view.ts";
import { type Node, ownOf, say } from "../node.ts";
import { viewOf } from "../observe/surroundings.ts";
import type { ServerEnd } from "../run.ts";

/** Before a majority has ever joined, the primary needs no lease, but acquires it as soon as a majority grants it. */
export async function getFirstLease(surroundings: Surroundings, node: Node): Promise<void> {
  const { lease, memory, seen } = node;
  if (!lease.mode.on || memory.now.everHadMajority || seen.role() !== "primary") return;
  if (isRestored(viewOf(node, surroundings), ownOf(node).systemIdentifier)) return;
  await lease.acquire();
}

/**
 * Ends a forced failover once a majority of the configured voters is back and has granted the lease (decide/force.ts). Returns
 * why the server has to end first, if it has to.
 */
export async function endForce(surroundings: Surroundings, node: Node): Promise<ServerEnd | null> {
  const { history, lease, memory, seen } = node;
  let plan = planOf(surroundings, node);
  if (plan.do === "ask-majority") {
    if (!(await lease.unforce())) return null;
    plan = planOf(surroundings, node);
  }
  if (plan.do === "lead-again") {
    say(node, "stopping", "stopping to lead again", plan.because);
    return { why: "lead-again", because: plan.because };
  }
  if (plan.do === "yield") {
    say(node, "stopping", "stopping to lead no longer", plan.because);
    return { why: "demoted" };
  }
  if (plan.do !== "end" && plan.do !== "stand-down") return null;
  if (plan.do === "stand-down") lease.standDown();
  await memory.update((m) => ({ ...m, forced: false, force: plan.do === "end" ? null : m.force }));
  history.note("A majority counts again", { because: "a majority of the voters is back", role: seen.role() });
  return null;
}

/** A majority has overruled the force, and no server runs here: the configured voters count again. */
export async function yieldForce({ history, lease, memory }: Node): Promise<StartupPlan> {
  await lease.release(overruledText);
  lease.standDown();
  await memory.update((m) => ({ ...m, forced: false }));
  history.note("A majority counts again", { because: "another node has led by a majority since this node was forced" });
  return { do: "wait", because: overruledText };
}

function planOf(surroundings: Surroundings, node: Node): ForcePlan {
  const { lease, memory, seen } = node;
  const view = viewOf(node, surroundings);
  return decideForce({
    ...view,
    role: seen.role(),
    forced: memory.now.forced,
    votesAlone: lease.mode.on && lease.alone(),
    majority: majorityAnswers(view),
    epochGranted: !lease.mode.on || lease.epoch() !== null,
  });
}
