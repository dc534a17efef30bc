// How a standby becomes the primary, as in act/permission.ts, act/leadership.ts and act/promote.ts.
import { aboveForced, aboveUnknown, withLeaderships } from "../../../core/lease/decide/epoch.ts";
import type { MayPromote } from "../../../roles/postgres-node/decide/promotion.ts";
import { withGranted } from "../../../roles/postgres-node/decide/memory.ts";
import { release } from "./life.ts";
import { partnersOf, type SimNode } from "./node.ts";
import { endServer, promote } from "./postgres.ts";
import { licenseOf, look, mayPromote } from "./views.ts";
import type { DataWorld } from "./world.ts";

/** The lease first, then a look that is final. */
export function* promoteHere(
  node: SimNode,
  how: Partial<MayPromote>,
  world: DataWorld,
): Generator<void, void> {
  const now = node.now!;
  const { paused } = node.disk.memory;
  if (now.bid || now.server !== "standby" || now.promotion !== null || (paused.on && !how.asked)) return;
  now.bid = true;
  const needed = licenseOf(node, world) !== "not-needed";
  yield;
  const got = !needed || world.lease.acquire(node);
  const options = { tieBreak: false, ...how, final: true };
  if (got) yield;
  world.promises.noteReached(node);
  if (!got || !mayPromote(node, look(node, world), options, world)) {
    now.bid = false;
    return release(node, world);
  }
  const { run } = now;
  yield;
  if (now.server === "standby" && now.run === run) yield* lead(node, world);
  now.bid = false;
}

/** Under an epoch of its own, if this node has the lease. */
export function* lead(node: SimNode, world: DataWorld): Generator<void, "primary" | "refused" | "failed" | "over"> {
  const now = node.now!;
  const { run } = now;
  const runs = () => now.run === run && now.server !== "none";
  const needed = licenseOf(node, world) !== "not-needed";
  const epoch = needed && world.rules.epochs ? yield* begin(node, world) : 0;
  if (epoch === null) {
    release(node, world);
    return "refused";
  }
  if (!runs()) return over(node, world);
  if (now.server === "standby") now.promotion ??= promote(node, world, () => mayEndRecovery(node, world));
  while (runs() && now.promotion !== null) {
    yield;
    if (runs() && licenseOf(node, world) === "missing") return takeBack(node, world);
  }
  if (!runs()) return over(node, world);
  const wrong = epoch !== 0 && node.disk.wal!.branch.timeline !== epoch;
  return wrong || now.server !== "primary" ? takeBack(node, world) : "primary";
}

/** The server that was asked has ended, and what runs now was not asked. No process of it is left when the lease goes. */
function over(node: SimNode, world: DataWorld): "over" {
  if (node.now!.server === "none") endServer(node, world);
  release(node, world);
  return "over";
}

/** The server is ended first: the promotion may still happen. */
function takeBack(node: SimNode, world: DataWorld): "failed" {
  endServer(node, world);
  release(node, world);
  return "failed";
}

/** Reserves the epoch, remembers it, and makes it the number that PostgreSQL takes. */
function* begin(node: SimNode, world: DataWorld): Generator<void, number | null> {
  const { disk } = node;
  const own = disk.wal!.branch.timeline;
  const seen = highestKnown(node);
  const { host } = node.settings;
  const alone = node.now!.votesAlone && world.rules.leavesOut;
  const known = alone
    ? aboveUnknown(seen, { host, partners: partnersOf(node.settings) })
    : world.rules.leavesOut
    ? aboveForced(seen, withLeaderships(node.now!.leaderships, disk.leaderships))
    : seen;
  const epoch = yield* world.lease.reserve(node, known);
  if (epoch === null) return null;
  const { force } = disk.memory;
  const goesOn = force && { ...force, timelines: withGranted(force.timelines, epoch) };
  const ends = node.now!.votesAlone ? { force: goesOn } : world.rules.forceYields ? { forced: false } : {};
  disk.memory = { ...disk.memory, granted: withGranted(disk.memory.granted, epoch), ...ends };
  yield;
  if (disk.files.has(epoch)) return null;
  for (let t = own + 1; world.rules.placeHolders && t < epoch; t++) {
    if (disk.files.has(t)) continue;
    disk.files.set(t, "held");
    yield;
  }
  return epoch;
}

/** The highest epoch or timeline that this node knows of. */
export function highestKnown({ disk, now }: SimNode): number {
  const led = [...now!.leaderships, ...disk.leaderships].map((l) => l.epoch);
  return Math.max(disk.wal!.branch.timeline, now!.newestTimeline, ...disk.files.keys(), ...led);
}

export function mayEndRecovery(node: SimNode, world: DataWorld): boolean {
  const license = licenseOf(node, world);
  if (license !== "held") return license === "not-needed";
  const epoch = world.lease.epochOf(node);
  return !world.rules.epochs ||
    (epoch !== null && (!world.rules.gateLooks || epoch === Math.max(...node.disk.files.keys())));
}
