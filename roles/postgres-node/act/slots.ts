// Drops slots of nodes that stream from elsewhere: they would keep WAL that no node needs.
import { decideUnneededSlots } from "../decide/slots.ts";
import { reached, type Surroundings } from "../decide/view.ts";
import type { Node } from "../node.ts";

/** How often slots are looked through, milliseconds. */
const everyMs = 10_000;

export class Slots {
  private lookedAt: number;

  constructor(private readonly node: Node) {
    this.lookedAt = node.clock.nowMs();
  }

  async dropUnneeded(surroundings: Surroundings): Promise<void> {
    const { clock, config, doors, log, seen } = this.node;
    if (clock.nowMs() - this.lookedAt < everyMs) return;
    this.lookedAt = clock.nowMs();
    const unneeded = decideUnneededSlots({
      selfId: config.id,
      selfHost: config.host,
      slots: await doors.server.slots(),
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
  }
}
