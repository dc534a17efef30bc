// PURE: what happens to barman's slot on each node, so that any node that becomes primary still has the WAL that barman needs.
import { compareLsn } from "../../../core/postgres/lsn.ts";

/** The state of barman's slot on a node; null: there is none. */
export type Slot = { restartLsn: string | null; active: boolean; lost: boolean } | null;

export type SlotAction =
  | { do: "nothing" }
  | { do: "create"; because: string }
  | { do: "recreate"; because: string }
  | { do: "advance"; lsn: string };

/** Decides for one standby. `primaryLsn` is where the slot on the primary stands: all before it has been received. */
export function decideStandbySlot(slot: Slot, primaryLsn: string | null): SlotAction {
  if (slot === null) {
    return { do: "create", because: "without it a failover to this node could lose WAL that barman needs" };
  }
  if (slot.lost) return { do: "recreate", because: "its WAL was removed (max_slot_wal_keep_size)" };
  if (slot.active || primaryLsn === null) return { do: "nothing" };
  if (slot.restartLsn === null) return { do: "recreate", because: "it keeps no WAL" };
  return compareLsn(slot.restartLsn, primaryLsn) < 0 ? { do: "advance", lsn: primaryLsn } : { do: "nothing" };
}

/** Decides for the primary, before the receiver starts. */
export function decidePrimarySlot(slot: Slot): SlotAction {
  if (slot === null) return { do: "create", because: "the primary has to keep WAL until barman has it" };
  if (slot.active) return { do: "nothing" };
  if (slot.lost) return { do: "recreate", because: "its WAL was removed (max_slot_wal_keep_size)" };
  return slot.restartLsn === null ? { do: "recreate", because: "it keeps no WAL" } : { do: "nothing" };
}
