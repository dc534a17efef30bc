// May this node become primary now? Asked by the agent, by repmgrd before it promotes, and by PostgreSQL itself at the end of
// recovery (recovery_end_command): no way into read-write leads past this file.
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { observedRole } from "../state/agent-state.ts";
import { decideMayPromote, type MayPromote } from "../decide/promotion.ts";
import type { Attempt } from "../lease/lease.ts";
import { armIfNeeded, licenseOf, type Node, statusOf } from "../node.ts";
import { finalLook, observeServer, observeSurroundings, viewOf } from "../observe/surroundings.ts";

/** A claim to become primary is withdrawn after this long if nothing came of it, milliseconds. */
const claimMs = 15_000;
/** A lease that is free within this time is waited for, milliseconds. */
const insistMs = 2_500;

/**
 * Takes the lease where it is needed, then looks afresh: only what is seen while the lease is held is final, since the former
 * primary can acknowledge nothing any more. Gives the lease back where another node is to lead.
 */
export async function askToPromote(node: Node, options: MayPromote): Promise<Verdict> {
  const { state, lease } = node;
  // repmgrd and the agent may ask at the same time: what one was allowed, the other must not take back
  if (state.becomingPrimary) return no("a promotion or a start as primary is under way on this node");
  if (observedRole(state) !== "standby") return no("this node is no standby");
  state.becomingPrimary = true;
  // cheap reasons first: no lease is asked for in vain
  if (node.memory.paused.on && !options.asked) {
    return (state.becomingPrimary = false, no("automatic failover is paused"));
  }
  const verdict = await licensed(node, options).catch((error) => no(`could not look: ${error}`));
  node.log.info("Promotion asked for", { allowed: verdict.ok, because: verdict.because, term: lease.term() });
  if (!verdict.ok) {
    state.becomingPrimary = false;
    await lease.release("this node is not to be promoted");
    return verdict;
  }
  armIfNeeded(node);
  void node.clock.sleep(claimMs, node.stop).then(() => state.becomingPrimary = false);
  return verdict;
}

async function licensed(node: Node, options: MayPromote): Promise<Verdict> {
  if (licenseOf(node) !== "not-needed") {
    const attempt = await insist(node);
    if (!attempt.held) return no(`no lease: ${attempt.because}`);
  }
  return await mayPromote(node, options);
}

/** Tries until the lease of a lost primary has run out, where that is soon. */
async function insist(node: Node): Promise<Attempt> {
  const end = node.clock.nowMs() + insistMs;
  while (true) {
    const attempt = await node.lease.acquire();
    if (attempt.held || node.stop.aborted || node.clock.nowMs() + attempt.retryMs >= end) return attempt;
    await node.clock.sleep(attempt.retryMs, node.stop);
  }
}

async function mayPromote(node: Node, options: MayPromote): Promise<Verdict> {
  const { state } = node;
  state.server = await observeServer(node);
  const seen = await observeSurroundings(node, finalLook);
  const { postgres } = statusOf(node);
  return decideMayPromote({
    ...viewOf(node, seen),
    role: state.server.state.standby ? "standby" : "primary",
    systemIdentifier: state.server.state.system_identifier,
    position: { timeline: state.server.state.timeline, lsn: postgres.lsn ?? "0/0" },
  }, { ...options, final: true });
}

/** PostgreSQL is about to leave recovery: whoever asked it to, only with the lease. */
export function mayEndRecovery(node: Node): Verdict {
  const license = licenseOf(node);
  if (license === "not-needed") return yes("no lease is needed");
  if (license === "missing") return no("this node does not hold the lease");
  node.lease.arm();
  return yes(`this node holds the lease of term ${node.lease.term()}`);
}
