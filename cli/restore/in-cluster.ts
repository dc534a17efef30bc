// Restores a node of the cluster: orders it, watches it, and sees the cluster whole again. What is ordered is on barman's disk and
// on the node's, so that this command may end at any moment, and another one goes on.
import type { Context, Options } from "../../core/runtime/context.ts";
import type { Printer } from "../../core/runtime/printer.ts";
import { orders } from "../../core/protocol/orders.ts";
import type { RestoreOrder } from "../../core/protocol/restore.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { secondsText } from "../../core/words/amounts.ts";
import { readIdentity } from "../../roles/barman/act/identity.ts";
import { measureTablespaces } from "../../roles/barman/act/archive.ts";
import { endUse, unmarkedText, useBackup } from "../../roles/barman/act/uses.ts";
import { backupCommand } from "../../roles/barman/backup.ts";
import type { BackupRecord } from "../../roles/barman/text/backup-info.ts";
import type { RestorePlan } from "../../roles/barman/decide/restore-plan.ts";
import type { Places } from "../../roles/barman/text/places.ts";
import { gatherSigned, type Session } from "../cluster/gather.ts";
import { givePause } from "../cluster/orders.ts";
import { ask, streams, until } from "../cluster/session.ts";
import { ownAddresses } from "./addresses.ts";
import { combine, type Combining, forget } from "./combined.ts";
import type { Way } from "./hints.ts";
import { save, type Saved } from "./saved.ts";
import { watchNode } from "./watch.ts";

export interface Doing extends Combining {
  options: Options;
  places: Places & Way;
}

const followMs = 3_600_000;

/** What the node is told. Throws OperatorError if it has the data of another cluster. */
export async function orderFor(
  plan: RestorePlan,
  target: string,
  node: NodeStatus,
  { context, options, places }: Doing,
): Promise<RestoreOrder> {
  const { backup, stop, timeline, wal } = plan;
  return {
    id: `${backup.id}-${context.clock.wallMs().toString(36)}`,
    hosts: ownAddresses(),
    backup: backup.id,
    systemIdentifier: await identityOf(places, node, options.replace === true),
    timeline,
    newestTimeline: plan.newestTimeline,
    stop: stop.at === "record" ? { at: "record", lsn: stop.lsn, included: stop.included } : { at: stop.at },
    bytes: backup.sizeBytes,
    tablespaces: await measureTablespaces(backup, places),
    lastWal: wal.at(-1)!.name.slice(0, 24),
    hold: options.pause === true,
    ssh: options.ssh === true,
    target,
  };
}

/** Orders the restore of a node and sees it through. */
export async function restoreNode(
  node: string,
  { order, backup }: { order: RestoreOrder; backup: BackupRecord },
  session: Session,
  doing: Doing,
): Promise<number> {
  const { places, out } = doing;
  const cluster = await gatherSigned(session); // the operator may have thought about the plan for a while
  const saved = { id: order.id, backup: order.backup, node, hold: order.hold };
  const why = await useBackup({ id: order.id, backup: order.backup, by: { node } }, places, doing.context.clock);
  if (why !== null) out.say(unmarkedText(order.backup, why));
  try {
    await combine(backup, doing);
  } catch (error) {
    await endUse(order.id, places);
    throw error;
  }
  await save(saved, places);
  // where no other node can lead, nobody has to be told not to
  const others = cluster.nodes.some((n) => n.host !== node && n.status.partners.length > 0);
  try {
    if (others) await givePause(session, cluster, true, node);
    out.say(`${node}: ${(await ask(session, orders.restore, node, order)).because}`);
  } catch (error) {
    // without an answer the node may have begun: then resume and abort have to find the order
    if (!(error instanceof OperatorError) || error.exitCode !== ExitCode.refused) throw error;
    if (others) await resumeFailover(session, out);
    await forget(doing);
    await endUse(order.id, places);
    throw error;
  }
  return await seeThrough(saved, session, doing);
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

/** Lets the other nodes lead again. A failure is said. */
export async function resumeFailover(session: Session, out: Printer): Promise<void> {
  try {
    await givePause(session, await gatherSigned(session), false);
  } catch (error) {
    out.say(`Automatic failover stays paused: ${errorText(error)}; type postdock cluster resume`);
  }
}

/** Watches an ordered restore to its end, and then sees the cluster whole again. */
export async function seeThrough(saved: Saved, session: Session, { context, places, out }: Doing): Promise<number> {
  const { id, node } = saved;
  const since = context.clock.nowMs();
  const end = await watchNode(saved, session, places, out);
  if (end === "left" || end === "holding") {
    out.result({ restore: id, node, state: end });
    return end === "left" ? ExitCode.late : ExitCode.ok; // a script is not to take it for done
  }
  await forget({ places, out });
  await endUse(id, places);
  if (end === "undone") {
    out.say(`${node} has its old data again; type postdock cluster show`);
    out.result({ restore: id, node, state: end });
    return ExitCode.ok;
  }
  const leadMs = Math.round(context.clock.nowMs() - since);
  out.say(`${node} leads with what was restored, after ${secondsText(leadMs)}`);
  const others = (await gatherSigned(session)).nodes.map((n) => n.host).filter((host) => host !== node);
  await until(session, "every node that answers to follow it", followMs, (now) => others.every((h) => streams(now, h)));
  const wholeMs = Math.round(context.clock.nowMs() - since);
  out.say(`${others.join(", ") || "no other node"} follow it, after ${secondsText(wholeMs)}`);
  await backUp(context, out);
  out.say(`The old data of ${node} stay for RESTORE_KEEP_DAYS; to remove them now: postdock barman restore clean`);
  out.result({ restore: id, node, state: end, leadMs, wholeMs });
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
