// The orders with which an operator restores this node from a backup: begin, end, and remove what was replaced. Refusals say why.
import { answering, ControlRefusal } from "../../../core/http/control.ts";
import { orders } from "../../../core/protocol/orders.ts";
import { orderPause } from "../../../core/protocol/pause.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";
import type { Node } from "../node.ts";
import { observeSurroundings } from "../observe/surroundings.ts";

/** What carries out the orders of a restore; each answers or throws ControlRefusal. */
export function restoreAnswers(node: Node) {
  return [
    answering(orders.restore, (order) => begin(order, node)),
    answering(orders.mayRestore, async (order) => {
      await check(order, node);
      return { because: "this node can be restored" };
    }),
    answering(orders.restoreFrom, (source) => from(source, node)),
    answering(orders.endRestore, ({ id, undo }) => end(id, undo, node)),
    answering(orders.backedUp, (backup) => backedUp(backup, node)),
    answering(orders.cleanRestore, () => clean(node)),
  ];
}

/** Throws ControlRefusal if this node cannot be restored. Changes nothing. */
async function check(order: RestoreOrder, node: Node): Promise<void> {
  const { config, doors, memory } = node;
  const before = memory.now.restore;
  if (before !== null) {
    throw new ControlRefusal(`another restore is under way, of ${before.target}: type postdock barman restore abort`);
  }
  if (config.otherPartners.length === 0 && config.upstreamHost !== null) {
    throw new ControlRefusal("this node is of the second level and never leads; restore a node of PARTNER_NODES");
  }
  if (order.ssh && !config.sshEnable) {
    throw new ControlRefusal("SSH_ENABLE is 0 on this node: set SSH_ENABLE=1, or restore without --ssh");
  }
  const { primary } = await observeSurroundings(node, { timeoutMs: 1_000, fresh: true });
  if (primary !== null && primary.host !== config.host) {
    throw new ControlRefusal(
      `${primary.host} is the primary; restore that node, or first type postdock cluster switchover --to ${config.host}`,
    );
  }
  const why = await doors.data.noPlaceFor(order);
  if (why !== null) throw new ControlRefusal(why);
}

async function begin(order: RestoreOrder, node: Node): Promise<{ because: string }> {
  const { config, history, memory, orders: given, seen } = node;
  if (memory.now.restore?.id === order.id) return await from(order, node);
  if (memory.now.lastRestore?.id === order.id) return { because: "this restore has ended" };
  await check(order, node);
  history.warn("Restore begun", { because: "an operator asked for it", target: order.target, backup: order.backup });
  const wallMs = node.clock.wallMs();
  await memory.update((m) => ({
    ...m,
    restore: { ...order, finish: false, undo: false, orderedMs: wallMs, epoch: null },
    // a node that was away learns from this one that it may not lead
    paused: m.paused.restoring === config.host ? m.paused : orderPause(true, [m.paused], wallMs, config.host),
  }));
  const because = `an operator wants ${order.target} to be restored`;
  if (seen.now.postmasterRuns) given.give({ do: "restore", because });
  return { because };
}

/** The restore goes on with what barman has there. */
async function from({ id, hosts }: Pick<RestoreOrder, "id" | "hosts">, node: Node): Promise<{ because: string }> {
  const { doors, memory } = node;
  if (memory.now.lastRestore?.id === id) return { because: "this restore has ended" };
  if (memory.now.restore?.id !== id) throw new ControlRefusal("this node is not being restored");
  await memory.update((m) => ({ ...m, restore: m.restore && { ...m.restore, hosts } }));
  doors.data.barmanIsAt(hosts);
  return { because: "the restore goes on" };
}

async function end(id: string, undo: boolean, node: Node): Promise<{ because: string }> {
  const { activity, memory, restoring, seen } = node;
  const { restore } = memory.now;
  if (restore?.id !== id) throw new ControlRefusal("this node is not being restored");
  if (undo && (restoring.now.step === "promoting" || seen.role() === "primary")) {
    throw new ControlRefusal(
      "this node is about to lead with what was restored: it is too late to put the old data back",
    );
  }
  const { primary } = await observeSurroundings(node, { timeoutMs: 1_000, fresh: true });
  if (!undo && primary !== null && primary.host !== node.config.host) {
    throw new ControlRefusal(`${primary.host} is the primary by now: type postdock barman restore abort`);
  }
  await memory.update((m) => ({ ...m, restore: m.restore && { ...m.restore, finish: !undo, undo } }));
  if (undo) restoring.cancel();
  activity.wake();
  return { because: undo ? "the old data are put back" : "this node leads with what was restored" };
}

/** From now on the data from before the restore may go: see act/old-data.ts. */
async function backedUp(
  { timeline, backup }: { timeline: number; backup: string },
  { log, memory }: Node,
): Promise<{ because: string }> {
  const { replaced } = memory.now;
  if (replaced === null) return { because: "no old data are kept here" };
  if (timeline < replaced.timeline) throw new ControlRefusal(`that backup began before timeline ${replaced.timeline}`);
  await memory.update((m) => ({ ...m, replaced: m.replaced && { ...m.replaced, backup } }));
  log.info("The data from before the restore need not stay for ever: barman has a backup from after it", { backup });
  return { because: "the old data stay no longer than RESTORE_KEEP_DAYS" };
}

async function clean({ doors, memory, restoring }: Node): Promise<{ because: string }> {
  if (memory.now.restore !== null) {
    throw new ControlRefusal("a restore is under way: the old data stay until it has ended");
  }
  const names = await doors.data.forgetReplaced("an operator has ordered it");
  await memory.update((m) => ({ ...m, replaced: null }));
  restoring.keeps(null);
  return {
    because: names.length === 0 ? "no old data are kept here" : `the old data of ${names.join(", ")} are removed`,
  };
}
