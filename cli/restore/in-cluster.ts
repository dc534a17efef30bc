// Restores a node of the cluster: orders it, watches it, and sees the cluster whole again. What is ordered is on barman's disk and
// on the node's, so that this command may end at any moment, and another one goes on.
import { networkInterfaces } from "node:os";
import { z } from "zod";
import { postgresAccount } from "../../core/runtime/command.ts";
import type { Context, Options } from "../../core/runtime/context.ts";
import { readIfThere, writeAtomic } from "../../core/runtime/files.ts";
import type { Printer } from "../../core/runtime/printer.ts";
import { orders } from "../../core/protocol/orders.ts";
import { type RestoreOrder, RestoreOrderSchema } from "../../core/protocol/restore.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { secondsText } from "../../core/words/amounts.ts";
import { readIdentity } from "../../roles/barman/act/identity.ts";
import { backupCommand } from "../../roles/barman/backup.ts";
import type { RestorePlan } from "../../roles/barman/decide/restore-plan.ts";
import { type Places, restorePath } from "../../roles/barman/text/places.ts";
import { gather, openSession, type Session } from "../cluster/gather.ts";
import { givePause } from "../cluster/orders.ts";
import { ask, streams, until } from "../cluster/session.ts";
import { nodeToRestore } from "./effect.ts";
import { combine, combineAgain, type Combining, forget } from "./combined.ts";
import { watchNode } from "./watch.ts";

export interface Doing extends Combining {
  options: Options;
}

const Saved = z.object({ order: RestoreOrderSchema, node: z.string() });
type Saved = z.infer<typeof Saved>;

const followMs = 3_600_000;

/** Orders the restore and sees it through. */
export async function restoreNode(plan: RestorePlan, target: string, doing: Doing): Promise<number> {
  const { context, options, places, out } = doing;
  const session = openSession(context);
  const cluster = await gather(session);
  const node = nodeToRestore(options, cluster);
  const { backup, stop, timeline, wal } = plan;
  const order: RestoreOrder = {
    id: `${backup.id}-${context.clock.wallMs().toString(36)}`,
    hosts: ownAddresses(),
    backup: backup.id,
    systemIdentifier: await identityOf(places, node.status, options.replace === true),
    timeline,
    newestTimeline: plan.newestTimeline,
    stop: stop.at === "record" ? { at: "record", lsn: stop.lsn, included: stop.included } : stop,
    bytes: backup.sizeBytes,
    lastWal: wal.at(-1)!.name.slice(0, 24),
    hold: options.pause === true,
    target,
  };
  await combine(backup, doing);
  await save({ order, node: node.host }, places);
  // where no other node can lead, nobody has to be told not to
  const others = cluster.nodes.some((n) => n.host !== node.host && n.status.partners.length > 0);
  try {
    if (others) await givePause(session, cluster, true, node.host);
    out.say(`${node.host}: ${(await ask(session, orders.restore, node.host, order)).because}`);
  } catch (error) {
    // without an answer the node may have begun: then resume and abort have to find the order
    if (!(error instanceof OperatorError) || error.exitCode !== ExitCode.refused) throw error;
    if (others) await resumeFailover(session, out);
    await forget(doing);
    throw error;
  }
  return await seeThrough({ order, node: node.host }, session, doing);
}

/** The system identifier of the cluster whose backups are here. Without --replace the node has to be of that cluster. */
async function identityOf(places: Places, node: NodeStatus, replace: boolean): Promise<string> {
  const identity = await readIdentity(places);
  const own = node.postgres.systemIdentifier;
  if (identity === null) throw new Error("barman has no identity.json: it has not taken a backup");
  if (own !== null && own !== identity && !replace) {
    throw new OperatorError({
      what: `${node.node.host} holds another cluster than the backups here`,
      why: `its system identifier is ${own}, that of the backups ${identity}`,
      fix: "name another node, or give --replace if what it holds may go, as after the loss of all volumes",
      exitCode: ExitCode.refused,
    });
  }
  return identity;
}

async function resumeFailover(session: Session, out: Printer): Promise<void> {
  try {
    await givePause(session, await gather(session), false);
  } catch (error) {
    out.say(`Automatic failover stays paused: ${errorText(error)}; type postdock cluster resume`);
  }
}

/** `restore resume`, `finish`, `abort` and `clean`. */
export async function goOn(step: string, doing: Doing): Promise<number> {
  const { context, options, places, out } = doing;
  const session = openSession(context);
  if (step === "clean") {
    const node = nodeToRestore(options, await gather(session));
    const { because } = await ask(session, orders.cleanRestore, node.host, {});
    out.say(`${node.host}: ${because}`);
    out.result({ node: node.host, cleaned: because });
    return ExitCode.ok;
  }
  const saved = await load(places) ?? await seenOrder(session);
  if (step === "resume") {
    await combineAgain(saved.order.backup, doing);
    await ask(session, orders.restore, saved.node, { ...saved.order, hosts: ownAddresses() });
  } else {
    const undo = step === "abort";
    const { because } = await ask(session, orders.endRestore, saved.node, { id: saved.order.id, undo });
    out.say(`${saved.node}: ${because}`);
  }
  const order = step === "resume" ? saved.order : { ...saved.order, hold: false };
  return await seeThrough({ ...saved, order }, session, doing);
}

async function seeThrough({ order, node }: Saved, session: Session, { context, places, out }: Doing): Promise<number> {
  const since = context.clock.nowMs();
  const end = await watchNode(node, order, session, out);
  if (end === "left" || end === "holding") {
    out.result({ restore: order.id, node, state: end });
    return ExitCode.ok;
  }
  await forget({ places, out });
  if (end === "undone") {
    out.say(`${node} has its old data again; type postdock cluster show`);
    out.result({ restore: order.id, node, state: end });
    return ExitCode.ok;
  }
  const leadMs = Math.round(context.clock.nowMs() - since);
  out.say(`${node} leads with what was restored, after ${secondsText(leadMs)}`);
  const others = (await gather(session)).nodes.map((n) => n.host).filter((host) => host !== node);
  await until(session, "every node that answers to follow it", followMs, (now) => others.every((h) => streams(now, h)));
  const wholeMs = Math.round(context.clock.nowMs() - since);
  out.say(`${others.join(", ") || "no other node"} follow it, after ${secondsText(wholeMs)}`);
  await backUp(context, out);
  out.say(`The old data of ${node} are still there; to remove them: postdock barman restore clean`);
  out.result({ restore: order.id, node, state: end, leadMs, wholeMs });
  return ExitCode.ok;
}

/** The backups from before lead to the restored timeline as well, but the next restore is shorter with a new one. */
async function backUp(context: Context, out: Printer): Promise<void> {
  try {
    await backupCommand({ ...context, print: (line) => out.say(`  ${line}`) }, { args: [], options: {} });
  } catch (error) {
    out.say(`No base backup was taken: ${errorText(error)}`);
  }
}

async function save(saved: Saved, places: Places): Promise<void> {
  await writeAtomic(restorePath(places), JSON.stringify(saved) + "\n", { mode: 0o600, owner: postgresAccount });
}

async function load(places: Places): Promise<Saved | null> {
  const text = await readIfThere(restorePath(places));
  return text === null ? null : Saved.parse(JSON.parse(text));
}

/** The restore that a node reports, where this container has no record of it; enough to watch it and to end it. */
async function seenOrder(session: Session): Promise<Saved> {
  const node = (await gather(session)).nodes.find((n) => n.status.restore !== null);
  if (node?.status.restore) {
    const { id, backup, target } = node.status.restore;
    const unknown = { systemIdentifier: "", timeline: 1, newestTimeline: 0, stop: { at: "end" as const }, bytes: null };
    const order = { id, backup, target, hosts: ownAddresses(), lastWal: "0".repeat(24), hold: true, ...unknown };
    return { order, node: node.host };
  }
  throw new OperatorError({
    what: "No restore is under way",
    fix: "see `postdock cluster show`; a restore begins with postdock barman restore --to MOMENT",
    exitCode: ExitCode.usage,
  });
}

/** Where other containers reach this one; Docker's names of containers are not known inside. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter((a) => !a.internal && !a.address.startsWith("fe80:")).map((a) => a.address);
}
