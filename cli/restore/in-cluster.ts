// Restores a node of the cluster: orders it, watches it, and sees the cluster whole again. What is ordered is on barman's disk and
// on the node's, so that this command may end at any moment, and another one goes on.
import { networkInterfaces } from "node:os";
import { z } from "zod";
import { postgresAccount } from "../../core/runtime/command.ts";
import type { Context, Options } from "../../core/runtime/context.ts";
import { readIfThere, remove, writeAtomic } from "../../core/runtime/files.ts";
import type { Printer } from "../../core/runtime/printer.ts";
import { bytesAhead } from "../../core/postgres/lsn.ts";
import { orders } from "../../core/protocol/orders.ts";
import { type RestoreOrder, RestoreOrderSchema } from "../../core/protocol/restore.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { secondsText, sizeText } from "../../core/words/amounts.ts";
import { backupCommand } from "../../roles/barman/commands.ts";
import type { RestorePlan } from "../../roles/barman/decide/restore-plan.ts";
import { type Places, restorePath } from "../../roles/barman/text/places.ts";
import { type Cluster, gather, nodeCalled, openSession, type Session } from "../cluster/gather.ts";
import { givePause } from "../cluster/orders.ts";
import { ask, streams, until } from "../cluster/session.ts";
import { watchNode } from "./watch.ts";

export interface Doing {
  context: Context;
  options: Options;
  places: Places;
  out: Printer;
}

const Saved = z.object({ order: RestoreOrderSchema, node: z.string() });
type Saved = z.infer<typeof Saved>;

const followMs = 3_600_000;

/** The node that is restored: the named one, or the primary. */
export function nodeToRestore(options: Options, cluster: Cluster): { host: string; status: NodeStatus } {
  if (options.toNode !== undefined) return nodeCalled(options.toNode, cluster);
  if (cluster.primary !== null) return cluster.primary;
  throw new OperatorError({
    what: "No primary is in sight, so it is not known which node is to be restored",
    fix: `name one: --to-node ${cluster.nodes.map((n) => n.host).join(" or ") || "NODE, once a node answers"}`,
    exitCode: ExitCode.unavailable,
  });
}

/** What the plan means for the nodes, one line each. */
export function renderEffect(
  plan: RestorePlan,
  node: { host: string; status: NodeStatus },
  cluster: Cluster,
): string[] {
  const { stop } = plan;
  const lost = cluster.nodes.flatMap(({ host, status: { postgres: { lsn } } }) => {
    const bytes = stop.at === "record" && lsn !== null ? bytesAhead(lsn, stop.lsn) : 0;
    return bytes > 0 ? [`${host} ${sizeText(bytes)}`] : [];
  });
  const free = node.status.disk === null ? "an unknown size" : sizeText(node.status.disk.freeBytes);
  return [
    `node      ${node.host}, ${free} free; its old data are kept beside the restored ones`,
    ...(lost.length > 0 ? [`lost      WAL written after that moment: ${lost.join(", ")}`] : []),
    "meanwhile nobody can write; the other nodes follow the restored one afterwards",
  ];
}

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
    timeline,
    stop: stop.at === "record" ? { at: "record", lsn: stop.lsn } : stop,
    bytes: backup.sizeBytes,
    lastWal: wal.at(-1)!.name.slice(0, 24),
    hold: options.pause === true,
    target,
  };
  await save({ order, node: node.host }, places);
  try {
    await givePause(session, cluster, true, node.host);
    out.say(`${node.host}: ${(await ask(session, orders.restore, node.host, order)).because}`);
  } catch (error) {
    // nothing was begun: the cluster goes on as before
    await givePause(session, await gather(session), false).catch((e) => out.say(`Failover stays paused: ${e.message}`));
    await remove(restorePath(places));
    throw error;
  }
  return await seeThrough({ order, node: node.host }, session, doing);
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
  const saved = await load(places);
  if (step === "resume") {
    await ask(session, orders.restore, saved.node, { ...saved.order, hosts: ownAddresses() });
  } else {
    const undo = step === "abort";
    const { because } = await ask(session, orders.endRestore, saved.node, { id: saved.order.id, undo });
    out.say(`${saved.node}: ${because}`);
  }
  return await seeThrough(
    step === "finish" ? { ...saved, order: { ...saved.order, hold: false } } : saved,
    session,
    doing,
  );
}

async function seeThrough({ order, node }: Saved, session: Session, { context, places, out }: Doing): Promise<number> {
  const since = context.clock.nowMs();
  const end = await watchNode(node, order, session, out);
  if (end === "left" || end === "holding") {
    out.result({ restore: order.id, node, state: end });
    return ExitCode.ok;
  }
  await remove(restorePath(places));
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

async function load(places: Places): Promise<Saved> {
  const text = await readIfThere(restorePath(places));
  if (text !== null) return Saved.parse(JSON.parse(text));
  throw new OperatorError({
    what: "No restore is under way that this container has ordered",
    fix: "see `postdock cluster show`; a restore begins with postdock barman restore --to MOMENT",
    exitCode: ExitCode.usage,
  });
}

/** Where other containers reach this one; Docker's names of containers are not known inside. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter((a) => !a.internal && !a.address.startsWith("fe80:")).map((a) => a.address);
}
