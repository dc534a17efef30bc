// PURE: what a node does that is to be restored from a backup and has no running server.
import type { RecoveryStop } from "../../../core/protocol/restore.ts";
import { bytesAhead } from "../../../core/postgres/lsn.ts";
import { countMajority } from "./counting.ts";
import type { ClusterView, OwnData } from "./view.ts";

export type RestoreStep = { do: "restore" | "undo-restore" | "start-primary" | "wait"; because: string };

/** An operator answers for what a restore leaves out, so the data of other nodes do not count. A primary in sight does. */
export function decideRestore(
  view: ClusterView,
  { id, backup, timeline, undo }: NonNullable<ClusterView["restore"]>,
): RestoreStep {
  if (undo) return { do: "undo-restore", because: "an operator has ended the restore" };
  if (view.primary && view.primary.host !== view.self.host) {
    return {
      do: "wait",
      because: `${view.primary.host} is primary, so this node is not restored; type postdock barman restore abort`,
    };
  }
  // the restored node needs the lease, also where no majority has joined yet
  const leased = view.quorum && view.otherPartners.length + view.observers.length >= 2;
  const majority = countMajority({ ...view, quorum: leased, everHadMajority: true });
  if (!majority.ok) {
    return {
      do: "wait",
      because: `only ${majority.have} of ${majority.size} voters answer, and a restore needs a majority; start ` +
        `${majority.missing.join(", ")}, with empty volumes if theirs are lost`,
    };
  }
  if (view.data.kind === "cluster" && view.data.restored === id && view.data.position.timeline > timeline) {
    const because =
      "the restored data were promoted by hand, without an epoch: type postdock barman restore abort, then restore again";
    return { do: "wait", because };
  }
  if (view.data.kind !== "cluster" || view.data.restored !== id) {
    return { do: "restore", because: `an operator wants backup ${backup} to be restored` };
  }
  return { do: "start-primary", because: `backup ${backup} is restored here` };
}

/** Why a former primary waits, while another node is restored from a backup; null if none is. */
export function restoredElsewhere({ restoring, self }: Pick<ClusterView, "restoring" | "self">) {
  if (restoring === null || restoring === self.host) return null;
  const because = `${restoring} is being restored from a backup, and no other node may lead until that has ended`;
  return { do: "wait" as const, because };
}

export interface RecoverySeen {
  /** recovery waits */
  paused: boolean;
  /** the end of the last record that was replayed */
  replayLsn: string | null;
  /** size of a WAL file, bytes */
  segmentBytes: number;
  /** all WAL is read */
  exhausted: boolean;
  /** why barman gives no WAL; null: it does */
  trouble: string | null;
}

/** Whether a recovery is at its target. PostgreSQL also pauses where a setting is too low for the WAL that follows. */
export function decideTarget(stop: RecoveryStop, seen: RecoverySeen): { reached: boolean; trouble: string | null } {
  const { exhausted, paused, replayLsn, segmentBytes } = seen;
  const missing = stop.at === "record" && replayLsn !== null ? bytesAhead(stop.lsn, replayLsn) : Infinity;
  // all WAL is read: that was wanted, or no record follows the one in which the target lies
  if (exhausted && !paused && (stop.at === "end" || missing <= 0)) return { reached: true, trouble: null };
  // before an excluded record there may be the unused rest of a segment
  const near = stop.at === "record" && (stop.included ? missing < 0 : missing <= segmentBytes);
  if (paused && (stop.at === "backup" || near)) return { reached: true, trouble: null };
  if (paused) {
    const trouble =
      "recovery has paused before the target, since a setting is lower than it was on the primary: the log of " +
      "this node names it; type postdock barman restore abort, raise it in CONFIGS, then restore again";
    return { reached: false, trouble };
  }
  if (exhausted) {
    const trouble = "all WAL is read, and the target was not reached: type postdock barman restore abort";
    return { reached: false, trouble };
  }
  return { reached: false, trouble: seen.trouble };
}

/**
 * Whether the restored data, as they are on disk, have led. Until then they are on the timeline that was ordered, or on an
 * ancestor. Where the lease is in force, a later timeline has to be the epoch that was reserved for it: a promotion by hand is
 * refused, but leaves a timeline.
 */
export function wasPromoted(
  data: OwnData,
  order: { id: string; timeline: number; epoch: number | null },
  leaseInForce: boolean,
): boolean {
  if (data.kind !== "cluster" || data.restored !== order.id) return false;
  const { timeline } = data.position;
  return leaseInForce ? timeline === order.epoch : timeline > order.timeline;
}
