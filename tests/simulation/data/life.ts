// The life of a node as in roles/postgres-node/life.ts, step by step: wherever it yields, others act, or everything ends.
import type { Force } from "../../../core/protocol/force.ts";
import type { StartupPlan } from "../../../roles/postgres-node/decide/startup.ts";
import { forceOfPrimary, type Joining, joins, withForce } from "../../../roles/postgres-node/decide/overruled.ts";
import { majorityAnswers, yieldsAtStart } from "./force.ts";
import type { HistoryFile, SimNode } from "./node.ts";
import { canFollow, endServer, findData, startServer } from "./postgres.ts";
import { lead } from "./promotion.ts";
import { serve } from "./serve.ts";
import { licenseOf, look, startupOf } from "./views.ts";
import { commonByNumber, commonEnd, type Wal } from "./wal.ts";
import type { DataWorld } from "./world.ts";

export function* life(node: SimNode, world: DataWorld): Generator<void, void> {
  const now = node.now!;
  while (true) {
    yield;
    if (world.rules.orphansEnded) now.orphan = false;
    yield* turn(node, world);
    now.bid = false;
  }
}

function* turn(node: SimNode, world: DataWorld): Generator<void, void> {
  const now = node.now!;
  if (world.rules.uncovers) node.disk.short = null;
  now.found = findData(node, world, !world.strikes(0.03));
  Object.assign(now, { ranSince: false, replacing: false });
  const kept = world.lease.heldBy(node);
  if (yieldsAtStart(node, world)) return;
  now.votesAlone ||= node.disk.memory.forced && !kept && !majorityAnswers(node, world);
  let plan = startupOf(node, world, false);
  if (plan.do !== "start-primary") release(node, world);
  else {
    now.bid = true;
    yield;
    if (yieldsAtStart(node, world)) return;
    plan = startupOf(node, world, false);
    if (plan.do !== "start-primary") now.bid = false;
  }
  const known = joinedMajority(node, world);
  const force = forceOfPrimary(look(node, world));
  const { memory } = node.disk;
  if (joins(plan)) node.disk.memory = { ...memory, force: withForce(memory.force, force) };
  yield;
  yield* apply(plan, { kept, majorityKnown: known, force }, node, world);
}

function* apply(
  plan: StartupPlan,
  { kept, majorityKnown, force }: Joining & { kept: boolean },
  node: SimNode,
  world: DataWorld,
): Generator<void, void> {
  const { disk } = node;
  switch (plan.do) {
    case "wait":
      return;
    case "finish-move":
      return moveIntoPlace(node);
    case "clone":
      return yield* clone(node, plan.from, { majorityKnown, force }, world);
    case "rewind":
      return yield* rewind(node, plan.to, force, world);
    case "start-standby":
      if (majorityKnown) disk.memory = { ...disk.memory, everHadMajority: true };
      return yield* start(node, plan.upstream, world);
    case "start-primary": {
      if (!mayStartPrimary(kept, node, world)) return release(node, world);
      const goesOn = licenseOf(node, world) === "not-needed" || !world.rules.epochs ||
        world.lease.epochOf(node) === disk.wal!.branch.timeline;
      return yield* goesOn ? startAgain(node, world) : start(node, null, world);
    }
    default:
      return world.fail(`${node.settings.host}: ${plan.do}, because ${plan.because}`);
  }
}

/** The lease first; then what is seen is final. */
function mayStartPrimary(kept: boolean, node: SimNode, world: DataWorld): boolean {
  if (licenseOf(node, world) === "not-needed") return true;
  const stillHeld = kept && world.lease.heldBy(node);
  if (!world.lease.acquire(node)) return false;
  if (stillHeld || !world.rules.finalLook) return true;
  world.promises.noteReached(node);
  if (yieldsAtStart(node, world)) return false;
  return startupOf(node, world, true).do === "start-primary";
}

/** Starts as a standby of `upstream`, or of nobody: then it is promoted. */
function* start(node: SimNode, upstream: string | null, world: DataWorld): Generator<void, void> {
  prepareStart(node, world);
  node.disk.upstream = upstream;
  yield;
  node.disk.signal = true;
  yield;
  const runs = startServer(node, "standby", world) && (upstream !== null || (yield* startToLead(node, world)));
  yield* serveUntilEnd(runs, node, world);
}

/** After a crash the lease is kept, and for a new leadership of the same node. */
function* serveUntilEnd(runs: boolean, node: SimNode, world: DataWorld): Generator<void, void> {
  const end = runs ? yield* serve(node, world) : "ended";
  endServer(node, world);
  if (end === "lead-again" && world.lease.heldBy(node)) world.lease.leadsAgain(node);
  else if (end !== "died") release(node, world);
}

function* startToLead(node: SimNode, world: DataWorld): Generator<void, boolean> {
  yield;
  node.now!.answers = true;
  return (yield* lead(node, world)) === "primary";
}

/** The server goes on in its epoch: its lease was kept. */
function* startAgain(node: SimNode, world: DataWorld): Generator<void, void> {
  prepareStart(node, world);
  node.disk.signal = false;
  yield;
  if (licenseOf(node, world) === "missing") return;
  startServer(node, "primary", world);
  yield* serveUntilEnd(true, node, world);
}

/** Before a start, from above: place-holders, and histories that this WAL can never follow, are removed. */
function prepareStart({ disk: { files, wal } }: SimNode, world: DataWorld): void {
  if (!world.rules.cleared) return;
  for (const t of [...files.keys()].toSorted((a, b) => b - a)) {
    if (t <= wal!.branch.timeline || canFollow(wal!, files.get(t)!)) break;
    files.delete(t);
  }
}

/** A complete clone takes the place of the old data, which was there until then, unless there was no room for both. */
function* clone(
  node: SimNode,
  from: string,
  { majorityKnown: known, force }: Joining,
  world: DataWorld,
): Generator<void, void> {
  const { disk } = node;
  const source = world.node(from);
  node.now!.replacing = true;
  if (world.strikes(0.1)) disk.wal = null;
  yield;
  if (!source.now || source.now.server === "none" || !world.reaches(node.settings.host, from)) return;
  const wal = source.now.before ?? source.disk.wal!;
  disk.incoming = { from, wal, files: filesOfCopy(wal, source.disk) };
  node.now!.cloneBecause = null;
  yield;
  moveIntoPlace(node);
  disk.memory = { ...disk.memory, force, everHadMajority: known || disk.memory.everHadMajority };
}

/** A node that joins as a standby learns from the others that a majority has joined, before its server runs. */
function joinedMajority({ settings: { host } }: SimNode, world: DataWorld): boolean {
  return world.nodes.some((n) => world.reaches(host, n.settings.host) && n.disk.memory.everHadMajority);
}

/** A base backup has the history file of its own timeline, and no other: the places of the older ones are held. */
function filesOfCopy({ branch }: Wal, { files }: SimNode["disk"]): Map<number, HistoryFile> {
  const own = files.get(branch.timeline);
  if (own === undefined) return new Map();
  const held = Array.from({ length: Math.max(0, branch.timeline - 2) }, (_, i) => [i + 2, "held" as const] as const);
  return new Map<number, HistoryFile>([...held, [branch.timeline, own]]);
}

function moveIntoPlace({ disk }: SimNode): void {
  if (disk.incoming === null) return;
  const { from, wal, files } = disk.incoming;
  Object.assign(disk, { wal, files: new Map(files), short: null, signal: true });
  Object.assign(disk, { segment: 0, upstream: from, incoming: null });
}

function* rewind(node: SimNode, to: string, force: Force | null, world: DataWorld): Generator<void, void> {
  const { disk, settings: { host } } = node;
  const source = world.node(to);
  const old = disk.wal!;
  node.now!.replacing = true;
  disk.wal = null;
  yield;
  if (source.now?.server !== "primary" || !world.reaches(host, to) || world.strikes(0.05)) {
    disk.wal = old;
    node.now!.cloneBecause = `the rewind to ${to} failed`;
    return;
  }
  const wal: Wal = source.disk.wal!;
  if (commonEnd(old, wal) !== commonByNumber(old, wal)) world.fail(`${host} is rewound to a place that is not common`);
  disk.incoming = { from: to, wal, files: new Map(source.disk.files) };
  yield;
  moveIntoPlace(node);
  disk.memory = { ...disk.memory, force };
}

export function release(node: SimNode, world: DataWorld): void {
  if (world.lease.heldBy(node)) world.lease.end(node);
}
