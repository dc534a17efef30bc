// The begin of a leadership: an epoch that a majority of the voters has granted becomes the number of this node's next timeline.
import { aboveForced, aboveUnknown, mostSkipped, ofCluster } from "../../../core/lease/decide/epoch.ts";
import { withGranted } from "../decide/memory.ts";
import type { Node } from "../node.ts";
import { licenseOf, ownOf } from "../node.ts";

/**
 * Reserves an epoch for the promotion of this running standby, and makes it the number that PostgreSQL takes. It is in this
 * node's memory first: a timeline that is not is no epoch. Null if no lease is needed. Throws if no majority grants one.
 */
export async function reserveEpoch(node: Node): Promise<number | null> {
  if (licenseOf(node) === "not-needed") return null;
  const { config, doors, history, lease, memory } = node;
  const own = ownOf(node).timeline;
  if (own === null) throw new Error("the timeline of this node is not known");
  const { systemIdentifier } = ownOf(node);
  if (systemIdentifier === null) throw new Error("the system identifier of this node is not known");
  const known = await highestKnown(own, systemIdentifier, node);
  if (known - own > mostSkipped) {
    throw new Error(
      `a node reports timeline ${known}, but this node is on ${own}: so many leaderships cannot have passed`,
    );
  }
  const { force, forced } = memory.now;
  const alone = lease.alone();
  // what such a leadership writes has to bear the name of its force, or no majority could ever overrule it
  if (alone && (force === null || !forced)) throw new Error("this node votes alone, and no operator has forced it");
  const above = alone
    ? aboveUnknown(known, config)
    : aboveForced(known, ofCluster(lease.leaderships(), systemIdentifier));
  const epoch = await lease.reserveEpoch(above, systemIdentifier);
  const goesOn = alone && force !== null ? { force: { ...force, timelines: withGranted(force.timelines, epoch) } } : {};
  // the force ends with the epoch of a majority, in one write: no crash comes between; what it is of, the data is still of
  const ends = alone ? goesOn : { forced: false, everHadMajority: true };
  await memory.update((m) => ({
    ...m,
    granted: withGranted(m.granted, epoch),
    restore: m.restore && { ...m.restore, epoch },
    ...ends,
  }));
  if (forced && !alone) history.note("A majority counts again", { because: "it has granted an epoch", epoch });
  await doors.data.makeNextTimeline(own, epoch);
  return epoch;
}

/** The highest epoch or timeline of this cluster that this node knows of. */
export async function highestKnown(own: number, systemIdentifier: string, node: Node): Promise<number> {
  const { doors, lease, memory, seen } = node;
  const led = ofCluster(lease.leaderships(), systemIdentifier).map((l) => l.epoch);
  const archived = memory.now.restore?.newestTimeline ?? 0;
  return Math.max(own, seen.now.newestTimeline, archived, await doors.data.newestTimeline(), ...led);
}

/** Why the server, which is read-write now, may not stay so; null if its timeline is the epoch that was reserved. */
export function wrongTimeline(epoch: number | null, node: Node): string | null {
  const timeline = node.seen.now.server?.timeline;
  if (epoch === null || timeline === epoch) return null;
  return `PostgreSQL began timeline ${timeline}, but the epoch of this leadership is ${epoch}`;
}
