// The operator's hand: `postdock cluster show|switchover|failover|reinit|pause|resume|history`, from any container, without SSH.
import { z } from "zod";
import type { Command } from "../../core/runtime/context.ts";
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { orders } from "../../core/protocol/orders.ts";
import { diagnose } from "./diagnose.ts";
import { gather, nodeCalled, openSession, thePrimary } from "./gather.ts";
import { ask, askMs, option, roleOf, sayer, streams, until } from "./orders.ts";
import { clusterJson, renderCluster, renderHistory, seconds } from "./render.ts";

/** A switchover takes about a second; a big last checkpoint may make it longer. */
const switchMs = 60_000;
const cloneMs = 24 * 3_600_000;

/** `cluster show [--json]`. */
export const showCommand: Command = async (context, args) => {
  const session = openSession(context);
  const cluster = await gather(session);
  if (args.includes("--json")) context.print(clusterJson(cluster));
  else for (const line of renderCluster(cluster)) context.print(line);
  return cluster.primary ? ExitCode.ok : ExitCode.no;
};

/** `cluster doctor [--json]`: what is wrong and what to type. */
export const doctorCommand: Command = async (context, args) => {
  const findings = diagnose(await gather(openSession(context)));
  if (args.includes("--json")) context.print(JSON.stringify({ schema: 1, findings }));
  else {
    for (const { level, about, what, fix } of findings) context.print(`${level}: ${about}: ${what}\n  fix: ${fix}`);
    if (findings.length === 0) {
      context.print("nothing is wrong: every container answers, one primary, all standbys stream");
    }
  }
  return findings.some((f) => f.level === "error") ? ExitCode.no : ExitCode.ok;
};

/** `cluster switchover [--to NODE] [--json]`: the primary hands over; nothing acknowledged is lost. */
export const switchoverCommand: Command = async (context, args) => {
  const session = openSession(context);
  const cluster = await gather(session);
  const old = thePrimary(cluster);
  const wanted = option(args, "to");
  const to = wanted === null ? null : nodeCalled(wanted, cluster).host;
  const started = context.clock.nowMs();
  const answer = await ask(session, orders.switchover, old.host, { to });
  const said = sayer(context, args);
  said(`${old.host} hands over to ${answer.to}`);
  let ended = false;
  await until(session, `${answer.to} to lead`, switchMs, (now) => {
    ended ||= (roleOf(now, old.host) ?? "primary") !== "primary";
    const leader = now.primary?.host ?? null;
    if (ended && leader !== null && leader !== answer.to) throw notTakenOver(answer.to, leader);
    return leader === answer.to;
  });
  const leadMs = Math.round(context.clock.nowMs() - started);
  said(`${answer.to} is primary after ${seconds(leadMs)}`);
  await until(session, `${old.host} to follow`, switchMs, (now) => streams(now, old.host));
  const followMs = Math.round(context.clock.nowMs() - started);
  said(`${old.host} is a standby after ${seconds(followMs)}`);
  if (args.includes("--json")) {
    context.print(JSON.stringify({ schema: 1, from: old.host, to: answer.to, leadMs, followMs }));
  }
  return ExitCode.ok;
};

/** A cluster in which another node leads after the hand-over is not waited for. */
function notTakenOver(to: string, leader: string): OperatorError {
  return new OperatorError({
    what: `${to} did not take over: ${leader} leads`,
    fix: "`postdock cluster history` tells why; `postdock cluster show` tells whether all is well for another try",
    exitCode: ExitCode.unavailable,
  });
}

/** `cluster failover --force NODE [--yes]`: NODE leads although a majority is missing. */
export const failoverCommand: Command = async (context, args) => {
  const wanted = option(args, "force");
  if (wanted === null) {
    throw new OperatorError({
      what: "A failover happens by itself where a majority of the voters is there",
      fix:
        "`postdock cluster switchover` changes the primary of a healthy cluster; where a majority is gone for good: " +
        "`postdock cluster failover --force NODE`",
      exitCode: ExitCode.usage,
    });
  }
  const session = openSession(context);
  const cluster = await gather(session);
  const node = nodeCalled(wanted, cluster);
  const silent = cluster.members.flatMap((m) => "error" in m ? [m.host] : []);
  if (!args.includes("--yes")) {
    throw new OperatorError({
      what:
        `${node.host} at timeline ${node.status.postgres.timeline}, ${node.status.postgres.lsn} would lead without a majority`,
      why:
        `no answer from ${
          silent.join(", ") || "nobody"
        }: writes that only they have are lost, and if one of them serves ` +
        `clients where ${node.host} cannot see it, there are two primaries`,
      fix: `stop ${silent.join(", ") || "them"} for good, then: postdock cluster failover --force ${wanted} --yes`,
      exitCode: ExitCode.refused,
    });
  }
  await ask(session, orders.force, node.host, {});
  await until(session, `${node.host} to lead`, switchMs, (now) => now.primary?.host === node.host);
  sayer(context, args)(`${node.host} is primary; it votes alone until a majority of the voters is back`);
  if (args.includes("--json")) context.print(JSON.stringify({ schema: 1, primary: node.host, missing: silent }));
  return ExitCode.ok;
};

/** `cluster reinit NODE`: a standby is cloned afresh; its old data stays until the clone is whole. */
export const reinitCommand: Command = async (context, args) => {
  const session = openSession(context);
  const cluster = await gather(session);
  const node = nodeCalled(args[0] ?? "", cluster);
  const before = node.status.uptimeSeconds;
  await ask(session, orders.reinit, node.host, {});
  const said = sayer(context, args);
  said(`${node.host} is being cloned again (its agent is up for ${before} s)`);
  let begun = false;
  await until(session, `${node.host} to stream again`, cloneMs, (now) => {
    begun ||= !streams(now, node.host);
    return begun && streams(now, node.host);
  });
  said(`${node.host} streams again`);
  if (args.includes("--json")) context.print(JSON.stringify({ schema: 1, node: node.host, streaming: true }));
  return ExitCode.ok;
};

/** `cluster pause` and `cluster resume`: whether a lost primary is replaced by itself. */
export const pauseCommand = (on: boolean): Command => async (context, args) => {
  const session = openSession(context);
  const cluster = await gather(session);
  const first = cluster.nodes.filter((n) => n.status.partners.length > 0);
  const told = await Promise.allSettled(first.map((n) => ask(session, orders.pause, n.host, { on })));
  const done = first.filter((_, i) => told[i]?.status === "fulfilled").map((n) => n.host);
  const size = first[0]?.status.partners.length ?? 0;
  if (done.length * 2 <= size || size === 0) {
    throw new OperatorError({
      what: `Only ${done.length} of ${size} nodes took it`,
      why: told.flatMap((t) => t.status === "rejected" ? [errorText(t.reason)] : []).join("; ") ||
        "no node of PARTNER_NODES answers",
      fix: "start the missing nodes, then try again; those that took it tell the others",
      exitCode: ExitCode.unavailable,
    });
  }
  sayer(context, args)(
    `Automatic failover is ${on ? "paused" : "on again"}: ${done.join(", ")} know, others learn it from them`,
  );
  if (args.includes("--json")) context.print(JSON.stringify({ schema: 1, paused: on, nodes: done }));
  return ExitCode.ok;
};

const HistoryAnswer = z.object({ entries: z.array(z.looseObject({ time: z.string() })) });

/** `cluster history [--json]`: what happened on all nodes that answer, oldest first. */
export const historyCommand: Command = async (context, args) => {
  const session = openSession(context);
  const cluster = await gather(session);
  const lists = await Promise.all(cluster.nodes.map(async ({ host }) => {
    const text = await session.peers.getText(host, "/history", askMs).catch(() => null);
    return text === null ? [] : HistoryAnswer.parse(JSON.parse(text)).entries;
  }));
  const entries = lists.flat().toSorted((a, b) => a.time.localeCompare(b.time));
  if (args.includes("--json")) context.print(JSON.stringify({ schema: 1, entries }));
  else for (const line of renderHistory(entries)) context.print(line);
  return ExitCode.ok;
};
