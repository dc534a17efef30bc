// The restore of this node from a backup: copied, recovered to its target, shown to the operator if wanted, and the end of it.
// What is to be restored is in the node's memory, so that a restart goes on where it was.
import { orderPause } from "../../../core/protocol/pause.ts";
import type { RestoreEnd } from "../../../core/protocol/restore.ts";
import { errorText } from "../../../core/words/errors.ts";
import { wasPromoted } from "../decide/restore.ts";
import type { OwnData } from "../decide/view.ts";
import { licenseOf, type Node, say } from "../node.ts";
import { observeServer } from "../observe/server.ts";
import type { ServerEnd, ServerRun } from "../run.ts";

const lookMs = 250;

/** While a node is restored it holds the lease, so that no other leads. Null if it does, or needs none; otherwise why it waits. */
export async function withoutLease(node: Node): Promise<{ do: "wait"; because: string } | null> {
  if (licenseOf(node) === "not-needed") return null;
  const asked = await node.lease.acquire();
  if (asked.held) return null;
  return { do: "wait", because: `a restore needs the lease, and this node did not get it: ${asked.because}` };
}

/** Copies the backup, and puts it in the place of the data here. */
export async function copyBackup(because: string, node: Node): Promise<void> {
  const { doors, memory, restoring, seen } = node;
  const { restore } = memory.now;
  if (restore === null) throw new Error("copyBackup() needs an order to restore");
  say(node, "cloning", `copying backup ${restore.backup} from barman`, because);
  restoring.set({ step: "copying", trouble: null });
  await doors.data.restore(restore, (p) => restoring.set(p));
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
  await forget({ id: restore.id, undone: true }, node);
  history.note("Restore ended", { because, restore: restore.id, backup: restore.backup });
}

/** A crash after the promotion of what was restored: the restore is over, although the memory does not say so yet. */
export async function noteRestored(data: OwnData, node: Node): Promise<void> {
  const { restore } = node.memory.now;
  if (restore !== null && wasPromoted(data, restore)) await endRestore(node);
}

/** This node leads with what was restored. Other nodes may lead again from now on. */
export async function endRestore(node: Node): Promise<void> {
  const { doors, history, memory } = node;
  const { restore } = memory.now;
  if (restore === null) return;
  await doors.data.endRestore();
  await forget({ id: restore.id, undone: false }, node);
  history.note("Restored", { backup: restore.backup, target: restore.target, restore: restore.id });
}

async function forget(lastRestore: RestoreEnd, { clock, memory, restoring }: Node): Promise<void> {
  const wallMs = clock.wallMs();
  await memory.update((m) => ({ ...m, restore: null, lastRestore, paused: orderPause(false, [m.paused], wallMs) }));
  restoring.clear();
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
    if (!run.process.running()) return { why: "not-recovered", because: "PostgreSQL ended during the recovery" };
    const reached = await look(restore.stop.at === "end", node);
    if (reached && (!restore.hold || restore.finish)) {
      restoring.set({ step: "promoting" });
      // the number of the next timeline is known to this node: PostgreSQL need not ask barman for one history after another
      if (licenseOf(node) !== "not-needed") await doors.data.endRecovery();
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
async function look(toTheEnd: boolean, node: Node): Promise<boolean> {
  const { doors, restoring } = node;
  try {
    await observeServer(node);
    const { paused, replayLsn } = await doors.server.recovery();
    const exhausted = doors.data.walExhausted();
    const short = exhausted && !paused && !toTheEnd;
    restoring.set({
      replayLsn,
      trouble: short ? "all WAL is read, and the target was not reached: type postdock barman restore abort" : null,
    });
    return paused || (toTheEnd && exhausted);
  } catch (error) {
    restoring.set({ trouble: errorText(error) });
    return false;
  }
}
