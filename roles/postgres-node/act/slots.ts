// Drops slots of nodes that stream from elsewhere, which would keep WAL that no node needs, and all that nobody uses before
// the volume is full.
import { Pace } from "../../../core/runtime/time.ts";
import { decideUnneededSlots, slotsToGiveUp } from "../decide/slots.ts";
import { reached, type Surroundings } from "../decide/view.ts";
import type { Node } from "../node.ts";

/** How often slots are looked through, milliseconds. */
const everyMs = 10_000;

export class Slots {
  private readonly pace: Pace;

  constructor(private readonly node: Node) {
    this.pace = new Pace(node.clock, everyMs, "later");
  }

  async dropUnneeded(surroundings: Surroundings): Promise<void> {
    const { config, doors, history, log, seen } = this.node;
    if (!this.pace.due()) return;
    const slots = await doors.server.slots();
    const unneeded = decideUnneededSlots({
      selfId: config.id,
      selfHost: config.host,
      slots,
      registered: seen.now.server?.registered ?? null,
      peers: reached(surroundings).map((p) => ({
        nodeId: p.nodeId,
        role: p.role,
        streamsFrom: p.streaming ? p.upstream : null,
      })),
    });
    for (const { name, because } of unneeded) {
      log.info("Dropping a slot that no node needs", { slot: name, because });
      await doors.server.dropSlot(name);
    }
    const disk = seen.now.disk;
    const given = disk === null ? [] : slotsToGiveUp(disk, slots);
    if (given.length === 0) return;
    history.warn("Slots that nobody uses give way, since the volume is nearly full", { slots: given, ...disk });
    for (const name of given) await doors.server.dropSlot(name);
    await doors.server.checkpoint();
  }
}
