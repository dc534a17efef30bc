// Keeps logical slots with failover usable over changes of the primary (decide/failover-slots.ts).
import { Pace } from "../../../core/runtime/time.ts";
import { decideFailoverSlots } from "../decide/failover-slots.ts";
import type { Surroundings } from "../decide/view.ts";
import type { Node } from "../node.ts";

/** How often they are looked at, milliseconds. */
const everyMs = 5_000;

export class FailoverSlots {
  private readonly pace: Pace;

  constructor(private readonly node: Node) {
    this.pace = new Pace(node.clock, everyMs, "later");
  }

  async keep({ primary }: Surroundings): Promise<void> {
    const { config, doors, history, log, seen } = this.node;
    const role = seen.role();
    if ((role !== "primary" && role !== "standby") || !this.pace.due()) return;
    const now = await doors.server.failoverSlots();
    const fixed = config.settings.some((s) => s.name.toLowerCase() === "synchronized_standby_slots");
    const physical = role === "primary" ? await doors.server.slots() : [];
    const { leftover, standbySlots } = decideFailoverSlots({ role, ...now, physical, fixed });
    if (standbySlots !== null) {
      log.info("Changing synchronized_standby_slots", { names: standbySlots || "none" });
      await doors.data.writeStandbySlots(standbySlots);
      await doors.server.reload();
    }
    if (leftover.length === 0 || primary === null || primary.host === config.host) return;
    const there = await doors.others.failoverSlots(primary.host);
    // a standby cannot make such slots, and nobody can use them here: they would keep WAL for ever, copied ones or not
    for (const slot of leftover) {
      const now = there.includes(slot) ? "has it now" : "does not have it any more";
      const because = `this node had it as the primary, and ${primary.host} ${now}`;
      history.note("Dropping a slot of an earlier leadership", { slot, because });
      await doors.server.dropSlot(slot);
    }
  }
}
