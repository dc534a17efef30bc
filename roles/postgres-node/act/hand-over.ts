// A primary that stops hands over: sessions end, everything is streamed, the lease is free, the successor is told. No
// acknowledged write is lost, since PostgreSQL's fast shutdown waits until its standbys have the last record.
import { errorText } from "../../../core/words/errors.ts";
import { withDeadline } from "../../../core/runtime/time.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { observedRole } from "../state/agent-state.ts";
import { readControlData } from "../observe/data-directory.ts";
import { decideRecovery, patienceMs, type RecoveryPlan } from "../decide/recovery.ts";
import { decideSuccessor, type Succession } from "../decide/successor.ts";
import { compareLsn } from "../../../core/postgres/lsn.ts";
import { orders, type QuestionOf } from "../../../core/protocol/orders.ts";
import { leads, licenseOf, type Node, say, statusOf } from "../node.ts";
import { observeServer, observeSurroundings, type Surroundings, viewOf } from "../observe/surroundings.ts";
import { checkpoint } from "../tools/queries.ts";
import { promoteHere } from "./promote.ts";

/** A checkpoint before the shutdown makes the shutdown's own short; it is not waited for longer, milliseconds. */
const checkpointMs = 1_500;
/** The successor promotes within this time or not for us, milliseconds. */
const takeOverMs = 4_000;
/** The successor waits for the last record this long, milliseconds. */
const receiveMs = 2_000;

/** Who would lead if this primary stopped now; null where this node is no primary with the lease. */
export function successorOf(node: Node, seen: Surroundings, wanted: string | null): Succession | null {
  if (!leads(node)) return null;
  const { systemIdentifier, timeline, lsn } = statusOf(node).postgres;
  if (systemIdentifier === null || timeline === null || lsn === null) return null;
  return decideSuccessor({ ...viewOf(node, seen), systemIdentifier, position: { timeline, lsn }, wanted });
}

/** While this node recovers as primary: whether a standby would be there sooner. Null where it needs no lease or is not at all long at it. */
export async function lookForSuccessor(sinceMs: number, node: Node): Promise<RecoveryPlan | null> {
  const { state } = node;
  const recoveringMs = node.clock.nowMs() - sinceMs;
  if (recoveringMs < patienceMs || licenseOf(node) !== "held" || state.data?.kind !== "cluster") return null;
  const seen = await observeSurroundings(node);
  const { systemIdentifier, position: end } = state.data;
  return decideRecovery({ ...viewOf(node, seen), recoveringMs, systemIdentifier, end });
}

/** After the recovering server has been ended: nobody has seen it read-write. */
export async function handOverRecovery(to: string, because: string, node: Node): Promise<void> {
  node.state.becomingPrimary = false;
  say(node, "stopping", `handing over to ${to}`, because);
  await giveTo(to, "0/0", because, node);
}

/** Before the shutdown. */
export async function prepareHandOver(to: string, because: string, node: Node): Promise<void> {
  say(node, "stopping", `handing over to ${to}`, because);
  await withDeadline(checkpoint(node.sql), checkpointMs, "The checkpoint").catch((error) =>
    node.log.info("The checkpoint before the shutdown is not waited for", { why: errorText(error) })
  );
}

/** After PostgreSQL has shut down cleanly: frees the lease and lets the successor promote itself. */
export async function finishHandOver(to: string, because: string, node: Node): Promise<void> {
  const control = await readControlData(node.config.pgdata).catch((error) => ({
    state: errorText(error),
    checkpoint: null,
  }));
  if (control.state === "shut down" && control.checkpoint) {
    return await giveTo(to, control.checkpoint.lsn, because, node);
  }
  const why = `PostgreSQL is "${control.state}", not shut down`;
  failed(to, why, node);
}

function failed(to: string, because: string, node: Node): void {
  node.state.failingSince ??= node.clock.nowMs();
  node.history.warn("The hand-over did not succeed; the nodes elect a primary", { to, because });
}

/** Frees the lease; the successor, which has WAL beyond `afterLsn`, promotes itself. */
async function giveTo(to: string, afterLsn: string, because: string, node: Node): Promise<void> {
  const { config, client, clock, lease } = node;
  const started = clock.nowMs();
  try {
    await lease.release(`${to} takes over`, to);
    const body = { from: config.host, afterLsn, because };
    const answer = await client.ask(orders.takeOver, to, body, takeOverMs);
    if (!answer.ok) return failed(to, answer.because, node);
    node.history.note("Handed over", { to, because: answer.because, tookMs: Math.round(clock.nowMs() - started) });
  } catch (error) {
    failed(to, errorText(error), node);
  }
}

/** On the successor: waits for the last record of the old primary, then promotes with the lease. */
export async function takeOver(question: QuestionOf<typeof orders.takeOver>, node: Node): Promise<Verdict> {
  const { from, afterLsn, because } = question;
  const end = node.clock.nowMs() + receiveMs;
  while (true) {
    node.state.server = await observeServer(node);
    const lsn = statusOf(node).postgres.lsn;
    if (observedRole(node.state) !== "standby") return no("this node is no standby");
    if (lsn !== null && compareLsn(lsn, afterLsn) > 0) break;
    if (node.clock.nowMs() >= end) {
      return no(`the last record of ${from} at ${afterLsn} has not arrived, this node is at ${lsn}`);
    }
    await node.clock.sleep(20, node.stop);
  }
  await promoteHere(`${from} hands over: ${because}`, node, { asked: true, proven: true });
  node.wake();
  return observedRole(node.state) === "primary"
    ? yes(`primary on timeline ${node.state.server.state.timeline}`)
    : no(node.state.because);
}
