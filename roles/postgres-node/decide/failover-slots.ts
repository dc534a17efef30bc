// PURE: what the failover slots of PostgreSQL 17 (logical slots that standbys copy, sync_replication_slots) need from a node.
import { isNodeSlot } from "../text/repmgr-conf.ts";

export interface FailoverSlotView {
  role: "primary" | "standby";
  /** the logical slots with failover; `synced`: a copy of one of the primary's */
  slots: readonly { name: string; synced: boolean; active: boolean }[];
  /** the physical slots, on a primary */
  physical: readonly { name: string; active: boolean }[];
  /** synchronized_standby_slots as it is now */
  standbySlots: string;
  /** CONFIGS sets synchronized_standby_slots: then it stays */
  fixed: boolean;
}

export interface FailoverSlotPlan {
  /** slots of an earlier leadership of this node, which keep WAL for ever and cannot be replaced by copies */
  leftover: string[];
  /** what synchronized_standby_slots becomes; null: it stays as it is */
  standbySlots: string | null;
}

/**
 * A subscriber must not get what no standby has yet, or it is ahead of the next primary: the primary names the slots of the
 * standbys that stream. One that is away is left out, since it would hold up every subscriber.
 */
export function decideFailoverSlots(view: FailoverSlotView): FailoverSlotPlan {
  const leftover = view.role === "standby" ? view.slots.filter((s) => !s.synced && !s.active).map((s) => s.name) : [];
  const standbys = view.physical.filter((s) => s.active && isNodeSlot(s.name)).map((s) => s.name).toSorted();
  const wanted = view.role === "primary" && view.slots.length > 0 ? standbys.join(",") : "";
  return { leftover, standbySlots: view.fixed || wanted === view.standbySlots ? null : wanted };
}
