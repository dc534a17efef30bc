// PURE: what a node does that is to be restored from a backup and has no running server.
import { countMajority } from "./counting.ts";
import type { ClusterView, OwnData } from "./view.ts";

export type RestoreStep = { do: "restore" | "undo-restore" | "start-primary" | "wait"; because: string };

/** An operator answers for what a restore leaves out, so the data of other nodes do not count. A primary in sight does. */
export function decideRestore(
  view: ClusterView,
  { id, backup, undo }: NonNullable<ClusterView["restore"]>,
): RestoreStep {
  if (undo) return { do: "undo-restore", because: "an operator has ended the restore" };
  if (view.primary && view.primary.host !== view.self.host) {
    return {
      do: "wait",
      because: `${view.primary.host} is primary, so this node is not restored; type postdock barman restore abort`,
    };
  }
  const majority = countMajority(view);
  if (!majority.ok) {
    return {
      do: "wait",
      because: `only ${majority.have} of ${majority.size} voters answer, and a restore needs a majority; missing: ` +
        majority.missing.join(", "),
    };
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

/** Until its promotion a restored node is on the timeline that it was ordered to, or on an ancestor. */
export function wasPromoted(data: OwnData, order: { id: string; timeline: number }): boolean {
  return data.kind === "cluster" && data.restored === order.id && data.position.timeline > order.timeline;
}
