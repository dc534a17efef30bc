// A running server: brought up, looked at once a second, and ended. A primary hands over first.
import { errorText } from "../../core/words/errors.ts";
import { endServer, fenceHere } from "./act/end-server.ts";
import { lead } from "./act/promote.ts";
import { endRestore, reachTarget } from "./act/restore.ts";
import { endWithoutHeir, handOver, type Heir, successorOf } from "./act/hand-over.ts";
import { takeOrder } from "./act/take-order.ts";
import { giveWayUnseen } from "./act/unseen.ts";
import { bringUp } from "./bring-up.ts";
import { dutiesOf } from "./duties.ts";
import type { Duty } from "./duty.ts";
import { announce, armIfNeeded, leads, licenseOf, type Node } from "./node.ts";
import { observeServer } from "./observe/server.ts";
import { finalLook, observeSurroundings } from "./observe/surroundings.ts";
import { endOfServer, seeLog } from "./observe/trouble.ts";
import { type ServerEnd, ServerRun } from "./run.ts";
import { parseStreamingTrouble } from "./text/streaming-trouble.ts";
import { immediateStop, stopSteps } from "./tools/postmaster.ts";

/** The longest pause between two looks, milliseconds. */
const longestPauseMs = 1_000;
/** A server that dies within this time after its start has not really served, milliseconds. */
export const shortLifeMs = 10_000;
/** Without an answer for this long, the role of the server is unknown, milliseconds. */
const staleMs = 5_000;

/**
 * Starts the server and stays until it has ended, for whatever reason. `promoteBecause`: it starts as a standby of nobody, and
 * becomes the primary by a promotion, since this leadership is a new one.
 */
export async function serveAsRole(
  role: "primary" | "standby",
  node: Node,
  promoteBecause: string | null = null,
): Promise<ServerEnd> {
  const { seen, clock } = node;
  await node.lease.disarm(); // the fence would go on with the deadline of an earlier server
  const needsLease = role === "primary" && promoteBecause === null;
  if (needsLease && licenseOf(node) === "missing") {
    return await fenceHere("the lease ended before PostgreSQL started", node);
  }
  seen.serverStarted(clock.nowMs());
  const run = new ServerRun(node.doors.server.start((line) => {
    const what = parseStreamingTrouble(line, node.doors.server.isStartup);
    if (what) seen.streamingTrouble({ what, atMs: clock.nowMs() });
    seen.serverSaid(line);
  }));
  const recovers = promoteBecause !== null && node.memory.now.restore !== null;
  if (role === "primary" && !recovers) armIfNeeded(node);
  try {
    const end = await bringUp(run, recovers ? "standby" : role, node) ??
      (recovers ? await reachTarget(run, node) : null) ?? await leadIf(promoteBecause, run, node) ??
      await watch(run, node);
    const next = await heirOf(end, run, node);
    const shutDown = () => stopServer(run, node);
    if (next) await ("none" in next ? endWithoutHeir(next.none, shutDown, node) : handOver(next, shutDown, node));
    return end;
  } finally {
    await stopServer(run, node);
    node.candidacy.settle();
    for (const order of node.orders.drop()) node.log.info("An order came too late: the server has ended", { ...order });
    announce(node);
  }
}

/** Promotes the server that was started for it. Null if it leads, or is to stay as it is; otherwise why it has ended. */
async function leadIf(promoteBecause: string | null, run: ServerRun, node: Node): Promise<ServerEnd | null> {
  if (promoteBecause === null) return null;
  const cause = node.memory.now.restore === null ? "start" : "restore";
  const outcome = await lead({ because: promoteBecause, cause, started: node.clock.nowMs() }, node);
  if (outcome === "primary") {
    await endRestore(node);
    return null;
  }
  if (node.stop.aborted) return { why: "stopped" };
  const { because } = node.activity;
  return {
    why: "not-promoted",
    trouble: run.process.running() ? { because, fix: seeLog } : await endOfServer(run, node),
  };
}

async function watch(run: ServerRun, node: Node): Promise<ServerEnd> {
  const duties = dutiesOf(run, node);
  while (!node.stop.aborted) {
    if (!run.process.running()) {
      const trouble = await endOfServer(run, node);
      const again = node.condition.shortLives > 0;
      (again ? node.log : node.history).warn("The server has ended", { ...trouble });
      return { why: "died", trouble };
    }
    const end = takeOrder(node) ?? await lookOnce(run, duties, node);
    // what was ordered during the look comes before what the look found: the operator has been told that it will be done
    if (end?.why === "handed-over") return takeOrder(node) ?? end;
    if (end) return end;
    await pause(run, node);
  }
  return { why: "stopped" };
}

/** Sleeps until the next look, an event, or the end of the server. */
async function pause(run: ServerRun, node: Node): Promise<void> {
  const pauseMs = Math.min(longestPauseMs, run.retryMs ?? longestPauseMs);
  run.retryMs = null;
  await Promise.race([node.clock.sleep(pauseMs, node.stop), node.activity.woken(), run.process.exited()]);
  node.activity.awake();
}

/** One look at this server and at the others, then every duty in its order. */
async function lookOnce(run: ServerRun, duties: readonly Duty[], node: Node): Promise<ServerEnd | null> {
  try {
    await observeServer(node);
  } catch (error) {
    node.log.warn("The local server did not answer", { why: errorText(error) });
    node.seen.serverSilent(node.clock.nowMs(), staleMs);
    return await giveWayUnseen(error, node);
  }
  if (run.answersMs(node.clock.nowMs()) >= shortLifeMs) node.condition.recovered();
  if (node.seen.role() === "primary") node.candidacy.settle();
  announce(node);
  const surroundings = run.surroundings = await observeSurroundings(node);
  for (const duty of duties) {
    const end = await duty.do(surroundings);
    if (end) return end;
  }
  return null;
}

/**
 * The standby that takes over if this server ends as a primary, or why there is none; null if it does not end as one, or at
 * once. An order names a standby that was looked at for it. Otherwise the last look shows one, or else a new look, since a standby may have come back.
 */
async function heirOf(end: ServerEnd, run: ServerRun, node: Node): Promise<Heir | { none: string } | null> {
  if (!run.process.running() || node.stop.reason === "SIGQUIT" || !leads(node)) return null;
  if (end.why === "handed-over") return end.heir;
  if (!node.stop.aborted) return null;
  const ordered = takeOrder(node);
  if (ordered?.why === "handed-over") return ordered.heir;
  const known = run.surroundings && successorOf(node, run.surroundings, null);
  const succession = known && "to" in known
    ? known
    : successorOf(node, await observeSurroundings(node, finalLook), null);
  if (!succession || "none" in succession) return succession;
  return { to: succession.to, because: `this node is stopping (${node.stop.reason})`, cause: "stop" };
}

/** Stops repmgrd and what still runs of the server, at once on SIGQUIT, otherwise fast. The lease may then go elsewhere. */
async function stopServer(run: ServerRun, node: Node): Promise<void> {
  const steps = node.stop.reason === "SIGQUIT" ? immediateStop : stopSteps(node.config.stoppingSeconds * 1000);
  await Promise.all([node.repmgrd.stop(), run.process.running() ? run.process.stop(steps) : undefined]);
  // a backend may outlive its postmaster: nothing is disarmed, and no lease is free, while one is alive
  await endServer(node);
  node.seen.serverEnded();
  node.lease.disarm();
}
