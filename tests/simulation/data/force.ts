// Two special cases of the lease: the first one of a cluster, and a forced failover, which ends once a majority is back.
import { withLeaderships } from "../../../core/lease/decide/epoch.ts";
import { comparePosition } from "../../../core/postgres/lsn.ts";
import {
  electable,
  isRestored,
  majorityAnswers as majorityAmong,
} from "../../../roles/postgres-node/decide/counting.ts";
import { decideForce, type ForcePlan } from "../../../roles/postgres-node/decide/force.ts";
import { newestPause } from "../../../roles/postgres-node/decide/memory.ts";
import {
  type EpochsView,
  forceSeen,
  isOverruled,
  ledByMajority,
  outranked,
  withOverruled,
} from "../../../roles/postgres-node/decide/overruled.ts";
import type { Peer } from "../../../roles/postgres-node/decide/view.ts";
import type { SimNode } from "./node.ts";
import { endServer } from "./postgres.ts";
import { highestKnown } from "./promotion.ts";
import { look, peerOf, reportedPosition, roleOf, type Surroundings, systemIdentifier, viewOf } from "./views.ts";
import type { DataWorld } from "./world.ts";

/**
 * An operator forces a standby that sees no primary: there may be one all the same. Nothing is promised for what it lacks, or writes
 * before a majority is back.
 */
export function force(node: SimNode, world: DataWorld): void {
  const { disk, now, settings } = node;
  if (now?.server !== "standby" || !now.answers || settings.electorate.length === 0) return;
  if (world.lease.heldBy(node) || world.nodes.some((n) => n.disk.memory.forced)) return;
  const led = world.nodes.filter((n) => n.now?.server === "primary" || n.now?.orphan);
  if (!world.kind.beside && (world.lease.isHeld || led.length > 0)) return;
  if (led.some((n) => world.reaches(node.settings.host, n.settings.host))) return;
  if (hasNewerInSight(node, world)) return;
  const above = highestKnown(node);
  disk.memory = {
    ...disk.memory,
    everHadMajority: true,
    forced: true,
    force: { host: node.settings.host, above, timelines: disk.memory.force?.timelines ?? [] },
  };
  now.asked = now.votesAlone = true;
  world.promises.forgive(node);
}

/** Then the operator is asked to force that node instead. */
function hasNewerInSight(node: SimNode, world: DataWorld): boolean {
  const position = reportedPosition({ disk: node.disk, now: node.now! });
  const peers = electable(viewOf(node, look(node, world), world), systemIdentifier);
  return position === null || peers.some((p) => p.position !== null && comparePosition(p.position, position) > 0);
}

/** As in act/force.ts: why the server has to end first, if it has to. */
export function endForce(node: SimNode, seen: Surroundings, world: DataWorld): "lead-again" | "ended" | null {
  const { disk, now } = node;
  let plan = planOf(node, seen, world);
  if (plan.do === "ask-majority" && world.lease.unforce(node)) plan = planOf(node, seen, world);
  if (plan.do === "lead-again") return "lead-again";
  if (plan.do === "yield") {
    const leads = now!.server === "primary";
    if (leads) endServer(node, world);
    yieldForce(node, seen, world);
    return leads ? "ended" : null;
  }
  if (plan.do !== "end") return null;
  now!.votesAlone = false;
  disk.memory = { ...disk.memory, forced: false, force: null };
  if (now!.server === "primary") world.promises.begins(node);
  return null;
}

/** As in act/force.ts: the force is over, and no read-write server runs here. */
function yieldForce(node: SimNode, seen: Surroundings, world: DataWorld): void {
  world.lease.end(node);
  const { force } = node.disk.memory;
  node.disk.memory = { ...node.disk.memory, forced: false, force: outranked(force, outrankedBy(seen, world)) };
  node.now!.votesAlone = false;
}

/** As startupOf() and rememberSeen() of the role: what a look teaches a node without a server, and whether its force ends by it. */
export function yieldsAtStart(node: SimNode, world: DataWorld): boolean {
  const seen = look(node, world);
  world.promises.noteSight(node, seen);
  const { memory } = node.disk;
  const force = memory.forced || !outranks(world) ? memory.force : forceSeen(memory.force, seen);
  node.disk.memory = { ...memory, paused: newestPause(memory.paused, seen), force };
  const led = world.rules.forceSeesPrimary || hasToYield(node, seen.peers, world);
  if (!led || planOf(node, seen, world).do !== "yield") return false;
  yieldForce(node, seen, world);
  return true;
}

/** By which epoch of a majority, whose primary is in sight, the force is outranked. */
function outrankedBy(seen: Surroundings, world: DataWorld): number | null {
  return outranks(world) ? ledByMajority(seen) : null;
}

export const outranks = ({ rules }: DataWorld): boolean => rules.forceSeesPrimary && rules.forceOutranked;

function epochsOf({ disk, now, settings }: SimNode, { rules }: DataWorld): Omit<EpochsView, "peers"> {
  const { force, forced } = disk.memory;
  const timeline = reportedPosition({ disk, now: now! })?.timeline ?? null;
  return {
    own: { systemIdentifier, timeline, force, forced },
    leaderships: withLeaderships(now!.leaderships, disk.leaderships),
    otherPartners: settings.otherPartners,
    strict: settings.mode === "strict" || !rules.forceRestored,
  };
}

/** What a node itself says of its data. */
export function saysOverruled(node: SimNode, world: DataWorld): boolean {
  const { own, ...epochs } = epochsOf(node, world);
  const forced = own.forced && roleOf(node.now!) === "primary";
  return world.rules.forceYields && isOverruled({ ...epochs, own: { ...own, forced }, peers: [] });
}

/** Whether a majority has overruled the force that this node's data is of. */
export function hasToYield(node: SimNode, peers: readonly Peer[], world: DataWorld): boolean {
  return world.rules.forceYields && isOverruled({ ...epochsOf(node, world), peers });
}

/** The other nodes, with those marked whose data counts for nothing. */
export function peersOf(node: SimNode, world: DataWorld): readonly Peer[] {
  const peers = world.nodes.filter((n) => n !== node).map((n) => peerOf(n, node, world));
  return world.rules.forceYields ? withOverruled({ ...epochsOf(node, world), peers }) : peers;
}

/** Whether one of these nodes knows that a majority has overruled the force on whose timeline that node's data is. */
export function isOverruledBy(nodes: readonly SimNode[], of: SimNode, world: DataWorld): boolean {
  return nodes.some((n) =>
    n.now !== null && (
      n === of
        ? hasToYield(n, look(n, world).peers, world)
        : look(n, world).peers.some((p) => p.seen === "reached" && p.host === of.settings.host && p.overruled)
    )
  );
}

/** A primary without a lease that may ask for the first one of its cluster. */
export function mayGetFirstLease(node: SimNode, seen: Surroundings, world: DataWorld): boolean {
  return node.now!.server === "primary" && !node.disk.memory.everHadMajority &&
    !isRestored(viewOf(node, seen, world), systemIdentifier);
}

/** Whether a majority of the configured voters answers, also a node that is forced. */
export function majorityAnswers(node: SimNode, world: DataWorld): boolean {
  return majorityAmong(viewOf(node, look(node, world), world));
}

function planOf(node: SimNode, seen: Surroundings, world: DataWorld): ForcePlan {
  const { disk, now } = node;
  const view = viewOf(node, seen, world);
  return decideForce({
    ...view,
    role: roleOf(now!),
    forced: disk.memory.forced,
    votesAlone: now!.votesAlone,
    majority: majorityAnswers(node, world),
    overruled: view.overruled,
    epochGranted: world.lease.epochOf(node) !== null || !world.rules.forceEndsAbove,
    led: world.rules.forceSeesPrimary ? ledByMajority(seen) : null,
  });
}
