// The restore of this node from a backup: copied, recovered to its target, shown to the operator if wanted, and the end of it.
// What is to be restored is in the node's memory, so that a restart goes on where it was.
import { orderPause } from "../../../core/protocol/pause.ts";
import type { RecoveryStop, RestoreEnd } from "../../../core/protocol/restore.ts";
import { errorText } from "../../../core/words/errors.ts";
import { decideTarget, wasPromoted } from "../decide/restore.ts";
import type { OwnData } from "../decide/view.ts";
import { licenseOf, type Node, say } from "../node.ts";
import { observeServer } from "../observe/server.ts";
import { endOfServer } from "../observe/trouble.ts";
import { finalLook, observeSurroundings } from "../observe/surroundings.ts";
import type { ServerEnd, ServerRun } from "../run.ts";

const lookMs = 250;

/** While a node is restored it holds the lease, so that no other leads. Null if it does, or needs none; otherwise why it waits. */
export async function withoutLease(node: Node): Promise<{ do: "wait"; because: string } | null> {
  if (!node.lease.mode.on) return null;
  const asked = await node.lease.acquire();
  if (asked.held) return null;
  return { do: "wait", because: `a restore needs the lease, and this node did not get it: ${asked.because}` };
}

/** Whether an operator has ended the restore that is under way. */
export const isUndone = ({ memory }: Node): boolean => memory.now.restore?.undo === true;

/** Copies the backup, and puts it in the place of the data here. */
export async function copyBackup(because: string, node: Node): Promise<void> {
  const { doors, memory, restoring, seen } = node;
  const { restore } = memory.now;
  if (restore === null) throw new Error("copyBackup() needs an order to restore");
  say(node, "cloning", `copying backup ${restore.backup} from barman`, because);
  restoring.set({ step: "copying", trouble: null });
  await doors.data.restore(restore, (p) => restoring.set(p), restoring.begin());
  seen.dataReplaced();
}

/** Puts the old data back. */
export async function undoRestore(because: string, node: Node): Promise<void> {
  const { doors, history, memory, restoring, seen } = node;
  const { restore } = memory.now;
  if (restore === null) throw new Error("undoRestore() needs an order to restore");
  say(node, "starting", "putting back the data from before the restore", because);
  restoring.set({ step: "undoing", trouble: null });
  await doors.data.undoRestore(restore.id);
  seen.dataReplaced();
  await forget(true, node);
  node.events.restored.inc("undone");
  history.note("Restore ended", { because, restore: restore.id, backup: restore.backup });
}

/** A crash after the promotion of what was restored: the restore is over, although the memory does not say so yet. */
export async function noteRestored(data: OwnData, node: Node): Promise<void> {
  const { restore } = node.memory.now;
  if (restore !== null && wasPromoted(data, restore, node.lease.mode.on)) await endRestore(node);
}

/** This node leads with what was restored. Other nodes may lead again from now on. */
export async function endRestore(node: Node): Promise<void> {
  const { doors, history, log, memory } = node;
  const { restore } = memory.now;
  if (restore === null) return;
  // the memory first: what it does not know any more is never copied again, and a marker that is left does no harm
  await forget(false, node);
  await doors.data.endRestore().catch((error) => log.warn("The restored data keep their marker", { error }));
  node.events.restored.inc("led");
  history.note("Restored", { backup: restore.backup, target: restore.target, restore: restore.id });
}

/** Where no lease is in force, only a look shows whether another node has become primary meanwhile. */
async function nobodyElseLeads(node: Node): Promise<boolean> {
  const { primary } = await observeSurroundings(node, finalLook);
  if (primary === null || primary.host === node.config.host) return true;
  node.restoring.set({ trouble: `${primary.host} is primary: type postdock barman restore abort` });
  return false;
}

/** Without the lease no epoch is reserved: the next timeline is above all that barman's archive knows. */
async function numberTimeline(newestArchived: number, node: Node): Promise<void> {
  if (licenseOf(node) !== "not-needed") return;
  const { doors, seen } = node;
  const own = seen.now.server?.timeline;
  if (own === undefined) throw new Error("the timeline of this node is not known");
  await doors.data.makeNextTimeline(own, Math.max(own, newestArchived, await doors.data.newestTimeline()) + 1);
}

async function forget(undone: boolean, node: Node): Promise<void> {
  const { clock, memory, restoring, seen } = node;
  const wallMs = clock.wallMs();
  const { data, server } = seen.now;
  const seenTimeline = server?.timeline ?? (data?.kind === "cluster" ? data.position.timeline : 0);
  await memory.update((m) => {
    if (m.restore === null) return m;
    const { id, newestTimeline, orderedMs } = m.restore;
    // above all that barman's archive knew: no backup from before the restore is on it
    const timeline = Math.max(seenTimeline, newestTimeline + 1);
    const lastRestore: RestoreEnd = {
      id,
      undone,
      atMs: wallMs,
      tookMs: orderedMs === null ? null : wallMs - orderedMs,
    };
    const replaced = undone ? m.replaced : { timeline, atMs: wallMs, backup: null };
    return { ...m, restore: null, lastRestore, replaced, paused: orderPause(false, [m.paused], wallMs) };
  });
  restoring.clear();
}

/** A recovery lets nobody in before it has read the WAL up to the end of its backup, and barman may give none meanwhile. */
export function noteRecovering({ doors, memory, restoring }: Node): void {
  if (memory.now.restore !== null) restoring.set({ step: "recovering", trouble: doors.data.recoveryWal().trouble });
}

/**
 * Waits until the recovery has reached its target, and if the operator wants to look at it, until the operator has. Null: the
 * server may be promoted. Otherwise why it has to end.
 */
export async function reachTarget(run: ServerRun, node: Node): Promise<ServerEnd | null> {
  const { clock, doors, memory, restoring, stop } = node;
  while (!stop.aborted) {
    const { restore } = memory.now;
    if (restore === null || restore.undo) return { why: "restore", because: "an operator has ended the restore" };
    if (!run.process.running()) return { why: "not-recovered", trouble: await endOfServer(run, node) };
    const reached = await look(restore.stop, node);
    const unleased = await withoutLease(node);
    if (unleased !== null) restoring.set({ trouble: unleased.because });
    if (unleased === null && reached && (!restore.hold || restore.finish) && await nobodyElseLeads(node)) {
      restoring.set({ step: "promoting" });
      await numberTimeline(restore.newestTimeline, node);
      // that number is known here: PostgreSQL need not ask barman for one history after another
      await doors.data.endRecovery();
      await doors.server.reload();
      return null;
    }
    const doing = reached ? "waiting at the target of the restore, read-only" : "recovering from the backup";
    const because = reached
      ? "look at the data, then type postdock barman restore finish, or postdock barman restore abort"
      : `backup ${restore.backup} is recovered to ${restore.target}`;
    say(node, "recovering", doing, because);
    restoring.set({ step: reached ? "holding" : "recovering" });
    await Promise.race([clock.sleep(lookMs, stop), run.process.exited()]);
  }
  return { why: "stopped" };
}

/** Whether the target is reached. A look that fails says nothing. */
async function look(stop: RecoveryStop, node: Node): Promise<boolean> {
  const { doors, restoring } = node;
  try {
    await observeServer(node);
    const seen = { ...await doors.server.recovery(), ...doors.data.recoveryWal() };
    const { reached, trouble } = decideTarget(stop, seen);
    restoring.set({ replayLsn: seen.replayLsn, trouble });
    return reached;
  } catch (error) {
    restoring.set({ trouble: errorText(error) });
    return false;
  }
}
