// The orders with which an operator restores this node from a backup: begin, end, and remove what was replaced. Refusals say why.
import { answering, ControlRefusal } from "../../../core/http/control.ts";
import { restoreNeeds } from "../../../core/postgres/room.ts";
import { orders } from "../../../core/protocol/orders.ts";
import { orderPause } from "../../../core/protocol/pause.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import type { Node } from "../node.ts";
import { observeSurroundings } from "../observe/surroundings.ts";

/** What carries out the orders of a restore; each answers or throws ControlRefusal. */
export function restoreAnswers(node: Node) {
  return [
    answering(orders.restore, (order) => begin(order, node)),
    answering(orders.endRestore, ({ id, undo }) => end(id, undo, node)),
    answering(orders.cleanRestore, () => clean(node)),
  ];
}

async function begin(order: RestoreOrder, node: Node): Promise<{ because: string }> {
  const { config, doors, history, memory, orders: given, seen } = node;
  const before = memory.now.restore;
  if (before?.id === order.id) {
    await memory.update((m) => ({ ...m, restore: m.restore && { ...m.restore, hosts: order.hosts } }));
    doors.data.barmanIsAt(order.hosts);
    return { because: "the restore goes on" };
  }
  if (memory.now.lastRestore?.id === order.id) return { because: "this restore has ended" };
  if (before !== null) {
    throw new ControlRefusal(`another restore is under way, of ${before.target}: type postdock barman restore abort`);
  }
  if (config.otherPartners.length === 0 && config.upstreamHost !== null) {
    throw new ControlRefusal("this node is of the second level and never leads; restore a node of PARTNER_NODES");
  }
  const { primary } = await observeSurroundings(node, { timeoutMs: 1_000, fresh: true });
  if (primary !== null && primary.host !== config.host) {
    throw new ControlRefusal(
      `${primary.host} is the primary; restore that node, or first type postdock cluster switchover --to ${config.host}`,
    );
  }
  const { freeBytes } = await doors.data.room();
  if (order.bytes !== null && freeBytes < restoreNeeds(order.bytes)) {
    throw new ControlRefusal(
      `the volume has ${sizeText(freeBytes)} free, and ${
        sizeText(restoreNeeds(order.bytes))
      } is needed, since the old data ` +
        "are kept; make it larger, or restore another node",
    );
  }
  history.note("Restore begun", { because: "an operator asked for it", target: order.target, backup: order.backup });
  const wallMs = node.clock.wallMs();
  await memory.update((m) => ({
    ...m,
    restore: { ...order, finish: false, undo: false, epoch: null },
    // a node that was away learns from this one that it may not lead
    paused: m.paused.restoring === config.host ? m.paused : orderPause(true, [m.paused], wallMs, config.host),
  }));
  const because = `an operator wants ${order.target} to be restored`;
  if (seen.now.postmasterRuns) given.give({ do: "restore", because });
  return { because };
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

async function clean({ doors, memory }: Node): Promise<{ because: string }> {
  if (memory.now.restore !== null) {
    throw new ControlRefusal("a restore is under way: the old data stay until it has ended");
  }
  const names = await doors.data.forgetReplaced();
  return {
    because: names.length === 0 ? "no old data are kept here" : `the old data of ${names.join(", ")} are removed`,
  };
}
