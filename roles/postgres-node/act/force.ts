// Two special cases of the lease: the first one of a cluster, and the end of a forced failover.
import { isRestored, majorityAnswers } from "../decide/counting.ts";
import { decideForce, type ForcePlan } from "../decide/force.ts";
import { ledByMajority, outranked } from "../decide/overruled.ts";
import { decideStartup, type StartupLook, type StartupPlan } from "../decide/startup.ts";
import { besideMajority } from "../decide/two-clusters.ts";
import type { ClusterView, Surroundings } from "../decide/view.ts";
import { type Node, ownOf, say } from "../node.ts";
import { viewOf } from "../observe/surroundings.ts";
import type { ServerEnd } from "../run.ts";
import { endServer } from "./end-server.ts";

/** Before a majority has ever joined, the primary needs no lease, but acquires it as soon as a majority grants it. */
export class FirstLease {
  /** the last reason why it is not acquired */
  private told: string | null = null;

  constructor(private readonly node: Node) {}

  /** Acquires it, unless another cluster is the one to have it. */
  async get(surroundings: Surroundings): Promise<void> {
    const { history, lease, memory, seen } = this.node;
    if (!lease.mode.on || memory.now.everHadMajority || seen.role() !== "primary") return;
    const { systemIdentifier } = ownOf(this.node);
    const view = viewOf(this.node, surroundings);
    if (isRestored(view, systemIdentifier)) return;
    const beside = besideMajority(view, systemIdentifier);
    if (beside === null) return void await lease.acquire();
    if (beside.because !== this.told) history.warn("This node serves a cluster of its own", beside);
    this.told = beside.because;
    await lease.release(beside.because);
  }
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
    const leads = seen.role() === "primary";
    if (leads) say(node, "stopping", "stopping to lead no longer", plan.because);
    if (leads) await endServer(node);
    await yieldForce(plan.because, surroundings, node);
    return leads ? { why: "demoted" } : null;
  }
  if (plan.do !== "end") return null;
  await memory.update((m) => ({ ...m, forced: false, force: null }));
  history.note("A majority counts again", { because: "a majority of the voters is back", role: seen.role() });
  return null;
}

/** Every look may be the first at which a forced node sees that a majority has gone on without it: its force ends before all else. */
export async function startupOf(view: ClusterView, node: Node, look: StartupLook = {}): Promise<StartupPlan> {
  const end = planOf(view, node);
  if (end.do !== "yield") return decideStartup(view, look);
  await yieldForce(end.because, view, node);
  return { do: "wait", because: end.because };
}

/**
 * The force is over, and no read-write server runs here: the configured voters count again. That, and which epoch this node has
 * to yield to, is one write: with half of it, this node's data would count again as soon as that primary is gone.
 */
async function yieldForce(because: string, surroundings: Surroundings, node: Node): Promise<void> {
  const { history, lease, memory } = node;
  await lease.release(because);
  await memory.update((m) => ({ ...m, forced: false, force: outranked(m.force, ledByMajority(surroundings)) }));
  lease.standDown();
  history.note("A majority counts again", { because });
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
    led: ledByMajority(surroundings),
  });
}
