// PURE: whether a majority has overruled a forced failover. The numbers of a forced node are greater than those that a majority grants
// meanwhile. But what a majority has acknowledged counts, and what a forced node wrote was promised to nobody.
import { type Leadership, ofCluster } from "../../../core/lease/decide/epoch.ts";
import type { Force } from "../../../core/protocol/force.ts";
import { isEmpty, majorityInSight, mayBeCopy } from "./counting.ts";
import { type Peer, reached, type ReachedPeer, type Surroundings } from "./view.ts";

/** Why a node does not lead, and what to type. */
export const overruledText =
  "another node has led by a majority since the forced failover that the data of this node is of, so it waits for a primary " +
  "to join; if nodes with newer data are gone for good, type postdock cluster failover --force";

/** The data of one node. */
export interface ForcedData {
  systemIdentifier: string | null;
  /** null: it is not known */
  timeline: number | null;
  /** the forced failover that it may be of; null: none */
  force: Force | null;
  /** the node itself goes on without a majority: it was forced, and none has granted it an epoch since */
  forced: boolean;
}

/** What tells of epochs: what the voters have said of leaderships, and the data of every node in sight and of this one. */
export interface EpochsView {
  own: ForcedData;
  peers: readonly Peer[];
  leaderships: readonly Leadership[];
  /** PARTNER_NODES without this node */
  otherPartners: readonly string[];
  /** CONSISTENCY=strict, also while this node is forced */
  strict: boolean;
}

/** Whether the data of this node counts for nothing. */
export function isOverruled(view: EpochsView): boolean {
  return overrules(view, view.own) && !isVoid(view, view.own);
}

/** The peers, with those marked whose data counts for nothing: they know it themselves, or this node does. */
export function withOverruled(view: EpochsView): Peer[] {
  return view.peers.map((p) => {
    if (p.seen !== "reached") return p;
    const data = forcedOf(p);
    return { ...p, overruled: (p.overruled || overrules(view, data)) && !isVoid(view, data) };
  });
}

/**
 * Whether no node has any data of a leadership since the order, although the voters may have granted one: perhaps it ended before
 * it began. Nothing is left that such data could stand in the way of, and the other nodes may have much less. But in strict mode a
 * majority may have acknowledged commits, and its nodes may have joined the forced one since: then an operator decides.
 */
function isVoid(view: EpochsView, { force }: ForcedData): boolean {
  const { own, peers, otherPartners, strict } = view;
  if (strict || force === null || otherPartners.length === 0) return false;
  // a majority has granted a number that the forced node took: what is on it may be of either
  if (view.leaderships.some((l) => !l.alone && force.timelines.includes(l.epoch))) return false;
  const isOlder = (d: ForcedData) =>
    d.systemIdentifier === own.systemIdentifier && d.timeline !== null && (isForced(d) || d.timeline <= force.above);
  const partners = otherPartners.map((host) => reached({ peers }).find((p) => p.ownHost === host));
  return isOlder(own) &&
    partners.every((p) => p !== undefined && (hasNothing(p) || (p.certain && isOlder(forcedOf(p)))));
}

/** No data, or an older copy of a volume, which does not count either: an operator's order tells of a majority. */
const hasNothing = (p: ReachedPeer) => isEmpty(p) || mayBeCopy(p);

/**
 * Whether another node has led by a majority since the operator's order, under an epoch that is not in these data. A greater
 * epoch than theirs counts by itself, as the newer one, but a forced node must not go on beside it.
 */
function overrules({ own, peers, leaderships }: EpochsView, data: ForcedData): boolean {
  const { force, forced, systemIdentifier, timeline } = data;
  if (force === null || timeline === null || systemIdentifier === null) return false;
  const led = ofCluster(leaderships, systemIdentifier).filter((l) =>
    l.host !== force.host && !l.alone && l.epoch > force.above
  );
  // a majority may have granted another node the very number that the forced node took
  if (led.some(({ epoch }) => forced || (isForced(data) && epoch <= timeline))) return true;
  const seen = [own, ...reached({ peers }).map(forcedOf)].filter((d) =>
    d.systemIdentifier === systemIdentifier && !isForced(d)
  );
  const since = seen.map((d) => d.timeline ?? 0).filter((epoch) =>
    epoch > force.above && !force.timelines.includes(epoch)
  );
  return since.some((epoch) => (forced && epoch !== timeline) || (isForced(data) && epoch < timeline));
}

/** Whether it is on a timeline that a forced node has begun: a majority has granted all others. */
const isForced = ({ force, timeline }: ForcedData) => timeline !== null && force?.timelines.includes(timeline) === true;

/** A forced node that does not lead is no danger by its force, and its data may be needed. */
const forcedOf = (p: ReachedPeer): ForcedData => ({
  ...p,
  timeline: p.position?.timeline ?? null,
  forced: p.forced && p.role === "primary",
});

/** The forced failover whose timeline the primary in sight, another node, is on; null: none. */
export function forceOfPrimary({ peers, primary }: Pick<Surroundings, "peers" | "primary">): Force | null {
  return forceOf(primary?.host ?? null, peers);
}

/** The forced failover that the data of this host, another node, is of; null: none, or the host is not in sight. */
export function forceOf(host: string | null, peers: readonly Peer[]): Force | null {
  return reached({ peers }).find((p) => p.host === host)?.force ?? null;
}

/**
 * The epoch of another node that leads by a majority and is in sight; null: none is. What it acknowledges now comes after every
 * order of a forced failover that this node has heard of, whatever the number of its epoch.
 */
export function ledByMajority({ peers, primary }: Pick<Surroundings, "peers" | "primary">): number | null {
  const leads = reached({ peers }).find((p) => p.host === primary?.host);
  return leads?.held === true && !leads.forced ? primary?.timeline ?? null : null;
}

/** The forced failover as it counts after such a sight: it is overruled by that epoch, and by all that are greater. */
export function outranked(force: Force | null, epoch: number | null): Force | null {
  return force && epoch !== null ? { ...force, above: Math.min(force.above, epoch - 1) } : force;
}

/**
 * What a look teaches a node of the force that its data is of. A forced node names each timeline before it begins it, so one that
 * follows it knows the name before it has streamed any of it.
 */
export function forceSeen(force: Force | null, seen: Pick<Surroundings, "peers" | "primary">): Force | null {
  const same = reached(seen).flatMap((p) => p.force?.host === force?.host ? p.force?.timelines ?? [] : []);
  return outranked(force && { ...force, timelines: united(force.timelines, same) }, ledByMajority(seen));
}

/** The force that the data here is of, while it is about to become that of a node with a force of its own. */
export function withForce(before: Force | null, theirs: Force | null): Force | null {
  if (before === null || theirs === null) return theirs ?? before;
  const timelines = united(before.timelines, theirs.timelines);
  return { host: theirs.host, above: Math.min(before.above, theirs.above), timelines };
}

const united = (a: readonly number[], b: readonly number[]) => [...new Set([...a, ...b])];

/** What the nodes in sight say of the data that this node is about to have. */
export interface Joining {
  /** a node of the cluster whose data this node has, or is about to clone, knows that a majority has joined */
  majorityKnown: boolean;
  /** the forced failover whose timeline the primary is on; null: none */
  force: Force | null;
}

export function joiningOf(seen: Surroundings, systemIdentifier: string | null): Joining {
  return { majorityKnown: majorityInSight(seen, systemIdentifier), force: forceOfPrimary(seen) };
}

/** Whether the data here is about to be that of the primary in sight. */
export const joins = (plan: { do: string }): boolean => ["clone", "rewind", "start-standby"].includes(plan.do);
