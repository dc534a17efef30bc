// `postdock cluster switchover|failover|reinit|pause|resume`: what an operator orders, from any container, without SSH.
import type { Command } from "../../core/runtime/context.ts";
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { printer } from "../../core/runtime/printer.ts";
import { orders } from "../../core/protocol/orders.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { reinitOutcome } from "../../core/protocol/reinit.ts";
import { orderPause } from "../../core/protocol/pause.ts";
import { type Cluster, gatherSigned, openSession, restoreUnderWay, type Session, thePrimary } from "./gather.ts";
import { nodeCalled } from "./node-called.ts";
import { secondsText } from "../../core/words/amounts.ts";
import { ask, roleOf, streams, until } from "./session.ts";

/** A switchover takes about a second, or longer if the last checkpoint is big. Milliseconds. */
const switchMs = 60_000;
const cloneMs = 24 * 3_600_000;

/** `cluster switchover [--to NODE] [--json]`: the primary hands over; no acknowledged write is lost. */
export const switchoverCommand: Command = async (context, { options }) => {
  const session = openSession(context);
  const cluster = await gatherSigned(session);
  const old = thePrimary(cluster);
  const to = options.to === undefined ? null : nodeCalled(options.to, cluster).host;
  const started = context.clock.nowMs();
  const answer = await ask(session, orders.switchover, old.host, { to });
  const out = printer(context, options);
  out.say(`${old.host} hands over to ${answer.to}`);
  let ended = false;
  await until(session, `${answer.to} to become primary`, switchMs, (now) => {
    ended ||= (roleOf(now, old.host) ?? "primary") !== "primary";
    const leader = now.primary?.host ?? null;
    if (ended && leader !== null && leader !== answer.to) throw notTakenOver(answer.to, leader);
    return leader === answer.to;
  });
  const leadMs = Math.round(context.clock.nowMs() - started);
  out.say(`${answer.to} is primary after ${secondsText(leadMs)}`);
  await until(session, `${old.host} to follow it as a standby`, switchMs, (now) => streams(now, old.host));
  const followMs = Math.round(context.clock.nowMs() - started);
  out.say(`${old.host} is a standby after ${secondsText(followMs)}`);
  out.result({ from: old.host, to: answer.to, leadMs, followMs });
  return ExitCode.ok;
};

/** Thrown at once when another node leads after the hand-over: waiting would not help. */
function notTakenOver(to: string, leader: string): OperatorError {
  return new OperatorError({
    what: `${to} did not take over: ${leader} is primary`,
    fix: "see `postdock cluster history` for the reason; try again once `postdock cluster doctor` reports no error",
    exitCode: ExitCode.unavailable,
  });
}

/** `cluster failover --force NODE [--yes]`: NODE leads although a majority is missing. */
export const failoverCommand: Command = async (context, { options }) => {
  const wanted = options.force;
  if (wanted === undefined) {
    throw new OperatorError({
      what: "Failover is automatic while a majority of the voters answers",
      fix:
        "type `postdock cluster switchover` to change the primary of a healthy cluster; if a majority is gone for good, " +
        "type `postdock cluster failover --force NODE`",
      exitCode: ExitCode.usage,
    });
  }
  const session = openSession(context);
  const cluster = await gatherSigned(session);
  const node = nodeCalled(wanted, cluster);
  const silent = cluster.members.flatMap((m) => "error" in m ? [m.host] : []);
  if (!options.yes) {
    throw new OperatorError({
      what: `${node.host} ${dataText(node.status.postgres)} would become primary without a majority`,
      why:
        `no answer from ${
          silent.join(", ") || "the missing voters"
        }: writes that only they have would be lost, and if one of them still serves ` +
        `clients out of sight of ${node.host}, there would be two primaries`,
      fix: `stop ${silent.join(", ") || "them"} for good, then type: postdock cluster failover --force ${wanted} --yes`,
      exitCode: ExitCode.refused,
    });
  }
  await ask(session, orders.force, node.host, {});
  await until(session, `${node.host} to become primary`, switchMs, (now) => now.primary?.host === node.host);
  const out = printer(context, options);
  out.say(`${node.host} is primary; it votes alone until a majority of the voters is back`);
  out.result({ primary: node.host, missing: silent });
  return ExitCode.ok;
};

function dataText({ data, timeline, lsn }: NodeStatus["postgres"]): string {
  return data === "empty" ? "is empty: a fresh cluster there" : `at timeline ${timeline}, ${lsn}`;
}

/** `cluster reinit NODE`: clones a node that does not lead again; its old data stays until the clone is complete. */
export const reinitCommand: Command = async (context, { args, options }) => {
  const session = openSession(context);
  const cluster = await gatherSigned(session);
  const node = nodeCalled(args[0] ?? "", cluster);
  const { id, because } = await ask(session, orders.reinit, node.host, {});
  const out = printer(context, options);
  out.say(`${node.host}: ${because}`);
  await untilCloned(session, node.host, id);
  out.say(`${node.host} streams again`);
  out.result({ node: node.host, streaming: true });
  return ExitCode.ok;
};

/** Waits until the order has ended. Throws an OperatorError with the reason as soon as it is known to have failed. */
async function untilCloned(session: Session, host: string, id: number): Promise<void> {
  const { clock } = session.context;
  let answeredMs = clock.nowMs();
  let clonedAtMs: number | null = null;
  await until(session, `${host} to stream again`, cloneMs, (now) => {
    const status = now.nodes.find((n) => n.host === host)?.status ?? null;
    if (status !== null) answeredMs = clock.nowMs();
    if (status?.reinit?.state === "cloned") clonedAtMs ??= clock.nowMs();
    const silentMs = clock.nowMs() - answeredMs;
    const clonedMs = clonedAtMs === null ? 0 : clock.nowMs() - clonedAtMs;
    const outcome = reinitOutcome({ id, status, silentMs, clonedMs });
    if (typeof outcome === "string") return outcome === "done";
    throw new OperatorError({
      what: `${host} was not cloned again`,
      why: outcome.failed,
      fix: status?.trouble?.fix ?? `see \`postdock cluster history\` and the log of ${host}, then try again`,
      exitCode: ExitCode.unavailable,
    });
  });
}

/** `cluster pause` and `cluster resume`: whether a lost primary is replaced automatically. */
export const pauseCommand = (on: boolean): Command => async (context, { options }) => {
  const session = openSession(context);
  const cluster = await gatherSigned(session);
  const restore = restoreUnderWay(cluster);
  if (!on && restore) throw restore;
  const done = await givePause(session, cluster, on);
  const out = printer(context, options);
  out.say(
    `Automatic failover is ${on ? "paused" : "on again"}: ${
      done.join(", ")
    } accepted the order and pass it on to other nodes`,
  );
  out.result({ paused: on, nodes: done });
  return ExitCode.ok;
};

/**
 * Turns automatic failover off or on, for a restore of the node `restoring` if it is given. Returns the hosts that accepted it.
 * Throws OperatorError unless a majority of the first level has.
 */
export async function givePause(
  session: Session,
  cluster: Cluster,
  on: boolean,
  restoring?: string,
): Promise<string[]> {
  const first = cluster.nodes.filter((n) => n.status.partners.length > 0);
  const known = cluster.nodes.map((n) => n.status.paused);
  const order = orderPause(on, known, session.context.clock.wallMs(), restoring);
  const answers = await Promise.allSettled(first.map((n) => ask(session, orders.pause, n.host, order)));
  const done = first.filter((_, i) => answers[i]?.status === "fulfilled").map((n) => n.host);
  const size = first[0]?.status.partners.length ?? 0;
  if (done.length * 2 <= size || size === 0) {
    throw new OperatorError({
      what: `Only ${done.length} of ${size} nodes accepted the order`,
      why: answers.flatMap((t) => t.status === "rejected" ? [errorText(t.reason)] : []).join("; ") ||
        "no node of PARTNER_NODES answers",
      fix: "start the missing nodes, then try again; the nodes that accepted it pass it on to the others",
      exitCode: ExitCode.unavailable,
    });
  }
  return done;
}
