// A primary that stops hands over: sessions end, all WAL is streamed, the lease is released, and the successor takes over.
// No acknowledged write is lost, since PostgreSQL's fast shutdown waits until its standbys have the last record.
import { compareLsn } from "../../../core/postgres/lsn.ts";
import { orders, type QuestionOf } from "../../../core/protocol/orders.ts";
import { errorText } from "../../../core/words/errors.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { decideRecovery, patienceMs, type RecoveryPlan } from "../decide/recovery.ts";
import { decideSuccessor, type Succession } from "../decide/successor.ts";
import { cutText, endingText, sentText } from "../decide/without-heir.ts";
import type { Surroundings } from "../decide/view.ts";
import type { HandOverCause } from "../http/event-metrics.ts";
import { leads, licenseOf, type Node, ownOf, say } from "../node.ts";
import { observeServer } from "../observe/server.ts";
import { observeSurroundings, viewOf } from "../observe/surroundings.ts";
import { promoteHere } from "./promote.ts";

/** How long the successor may take to answer that it has taken over, milliseconds. */
const takeOverMs = 4_000;
/** How long the successor waits for the last record, milliseconds. */
const receiveMs = 2_000;

/** The standby that is to lead next, and why. */
export interface Heir {
  to: string;
  because: string;
  /** absent: something that this node lacks */
  cause?: HandOverCause;
}

/** Which standby would lead if this primary stopped now; null if this node is not a primary with the lease. */
export function successorOf(node: Node, seen: Surroundings, wanted: string | null): Succession | null {
  if (!leads(node)) return null;
  const { systemIdentifier, timeline, lsn } = ownOf(node);
  if (systemIdentifier === null || timeline === null || lsn === null) return null;
  return decideSuccessor({ ...viewOf(node, seen), systemIdentifier, position: { timeline, lsn }, wanted });
}

/**
 * While this node recovers as primary: whether a standby could lead sooner. Null while no lease is needed, or recovery began
 * less than 2 s ago.
 */
export async function lookForSuccessor(sinceMs: number, node: Node): Promise<RecoveryPlan | null> {
  const { data } = node.seen.now;
  const recoveringMs = node.clock.nowMs() - sinceMs;
  if (recoveringMs < patienceMs || licenseOf(node) !== "held" || data?.kind !== "cluster") return null;
  if (!data.endRead) return null; // what this node has may reach further than its control file says
  const seen = await observeSurroundings(node);
  const { systemIdentifier, position: end } = data;
  return decideRecovery({ ...viewOf(node, seen), recoveringMs, systemIdentifier, end });
}

/** Hands over once the recovering server is ended. It was never read-write, so the successor waits for no last record. */
export async function handOverRecovery({ to, because }: Heir, node: Node): Promise<void> {
  node.candidacy.settle();
  say(node, "stopping", `handing over to ${to}`, because);
  await giveTo({ to, because }, "0/0", node);
}

/**
 * Hands over the role of this running primary. A checkpoint comes first, so that the one in `shutDown` is short. Then the
 * lease is released and the successor promotes itself. After a failure, which is in the history, the nodes elect a primary.
 */
export async function handOver(heir: Heir, shutDown: () => Promise<void>, node: Node): Promise<void> {
  say(node, "stopping", `handing over to ${heir.to}`, heir.because);
  await node.doors.server.checkpoint().catch((error) =>
    node.log.info("Shutting down without waiting for the checkpoint", { why: errorText(error) })
  );
  await shutDown();
  try {
    const { state, checkpoint } = await node.doors.data.control();
    if (state === "shut down" && checkpoint) return await giveTo(heir, checkpoint.lsn, node);
    failed(heir, `the control file says "${state}" instead of "shut down"`, node);
  } catch (error) {
    failed(heir, errorText(error), node);
  }
}

/**
 * Stops this primary, which no standby can take over from at once, and says what follows from it. PostgreSQL sends all its WAL
 * to the standbys that stream before it ends, if it has the time.
 */
export async function endWithoutHeir(because: string, shutDown: () => Promise<void>, node: Node): Promise<void> {
  const { config, doors, history, log } = node;
  const ending = { because, mode: config.consistency, stoppingSeconds: config.stoppingSeconds };
  log.warn("No standby can take over at once", endingText(ending));
  await shutDown();
  const state = await doors.data.control().then((c) => c.state, errorText);
  if (state === "shut down") return history.note("Stopped without a hand-over", { because: sentText });
  history.warn("Stopped before its standbys had all WAL", {
    because: `the control file says "${state}"`,
    ...cutText(ending),
  });
}

function failed({ to, cause = "fault" }: Heir, because: string, node: Node): void {
  node.condition.failed(node.clock.nowMs());
  node.events.handOverFailed.inc(cause);
  node.history.warn("The hand-over failed; the nodes elect a primary", { to, because });
}

/** Releases the lease, then asks the successor to promote itself once it has WAL beyond `afterLsn`. */
async function giveTo(heir: Heir, afterLsn: string, node: Node): Promise<void> {
  const { to, because, cause = "fault" } = heir;
  const { config, client, clock, lease } = node;
  const started = clock.nowMs();
  try {
    const epoch = lease.epoch() ?? ownOf(node).timeline ?? 0;
    await lease.release(`${to} takes over`, to);
    const answer = await client.ask(orders.takeOver, to, { from: config.host, afterLsn, epoch, because }, takeOverMs);
    if (!answer.ok) return failed(heir, answer.because, node);
    const tookMs = Math.round(clock.nowMs() - started);
    node.events.handOver.observe(tookMs / 1000);
    node.events.handedOver.inc(cause);
    node.history.note("Handed over", { to, because: answer.because, tookMs });
  } catch (error) {
    failed(heir, errorText(error), node);
  }
}

/** On the successor: waits for the last record of the old primary, then promotes with the lease. */
export async function takeOver(
  { from, afterLsn, epoch, because }: QuestionOf<typeof orders.takeOver>,
  node: Node,
): Promise<Verdict> {
  const started = node.clock.nowMs();
  const end = started + receiveMs;
  while (true) {
    await observeServer(node);
    const { lsn } = ownOf(node);
    if (node.seen.role() !== "standby") return no("this node is not a standby");
    if (lsn !== null && compareLsn(lsn, afterLsn) > 0) break;
    if (node.clock.nowMs() >= end) {
      return no(`the last record of ${from} at ${afterLsn} has not arrived; this node is at ${lsn}`);
    }
    await node.clock.sleep(20, node.stop);
  }
  node.events.step.observe("last-record", (node.clock.nowMs() - started) / 1000);
  // the order may find this node on its way already, since the lease is free
  const own = node.clock.nowMs() + receiveMs;
  while (node.candidacy.current !== null && node.seen.role() === "standby" && node.clock.nowMs() < own) {
    await node.clock.sleep(20, node.stop);
  }
  if (node.seen.role() === "standby") {
    await promoteHere(`${from} hands over: ${because}`, node, {
      asked: true,
      provenUpTo: epoch,
      cause: "hand-over",
    });
  }
  node.activity.wake();
  return node.seen.role() === "primary"
    ? yes(`primary on timeline ${node.seen.now.server?.timeline}`)
    : no(node.activity.because);
}
