// PURE: which of this node's WAL counts. A promotion without an epoch, for example one that was refused at the end of recovery or
// ordered by hand, leaves a timeline that no majority knows of: such data counts as its parent, where it was left.
import { compareLsn } from "../../../core/postgres/lsn.ts";
import type { OwnData } from "./view.ts";

export interface GrantedView {
  /** only the holder of the lease may lead, so a timeline of this node's own needs an epoch */
  leaseInForce: boolean;
  everHadMajority: boolean;
  /** the timelines on which this node may have led: its epochs, and what it served on without a lease; null: not known */
  granted: readonly number[] | null;
  /** the timeline that it has streamed last: another node has begun it */
  followed: number;
  /** the restore that is under way here: what becomes of its data, decide/restore.ts says; null: none */
  restoring: string | null;
}

/** The data directory as it counts in decisions and in what this node reports. */
export function countedData(data: OwnData, view: GrantedView): OwnData {
  if (data.kind !== "cluster" || data.parent === null) return data;
  if (data.restored !== null && data.restored === view.restoring) return data;
  // a promotion that a crash cut short has left a history file, and perhaps not removed standby.signal yet
  const begun = !data.endRead || compareLsn(data.position.lsn, data.parent.lsn) > 0;
  if (!data.wasPrimary && begun) return data;
  if (!view.leaseInForce || !view.everHadMajority || view.granted === null) return data;
  const { timeline } = data.position;
  if (view.granted.includes(timeline) || timeline <= view.followed) return data;
  return { ...data, position: data.parent, ungranted: true };
}
