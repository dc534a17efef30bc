// PURE: settings that keep logical slots from being copied to a standby.
import type { Setting } from "../../../config/list-syntax.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";

export interface SlotTroubleView {
  host: string;
  role: "primary" | "standby";
  /** values in force */
  inForce: readonly Setting[];
}

/** What sync_replication_slots needs on a standby, with what to set: without it, PostgreSQL only logs that it copies nothing. */
const needs: readonly { name: string; sound: (value: string) => boolean; fix: string }[] = [
  { name: "hot_standby_feedback", sound: (v) => v === "on", fix: "hot_standby_feedback:on in CONFIGS" },
  { name: "wal_level", sound: (v) => v === "logical", fix: "wal_level:logical in CONFIGS" },
  { name: "primary_slot_name", sound: (v) => v !== "", fix: "USE_REPLICATION_SLOTS=1" },
];

/** What keeps slots from being copied to a standby, each with what to type. */
export function slotCopyTroubles({ host, role, inForce }: SlotTroubleView): Trouble[] {
  if (role !== "standby") return [];
  const valueOf = (name: string) => inForce.find((s) => s.name === name)?.value ?? null;
  const lacks = valueOf("sync_replication_slots") !== "on" ? [] : needs.filter(({ name, sound }) => {
    const value = valueOf(name);
    return value !== null && !sound(value);
  });
  return lacks.map(({ name, fix }) => ({
    because: `sync_replication_slots is on, but no slot is copied to ${host}: ${name} is ${valueOf(name) || "empty"}`,
    fix: `set ${fix} of all nodes`,
  }));
}
