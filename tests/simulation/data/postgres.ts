// PostgreSQL as the simulation knows it: start, streaming, the number of a promotion, synchronous acknowledgement.
import { countedData } from "../../../roles/postgres-node/decide/granted.ts";
import type { OwnData } from "../../../roles/postgres-node/decide/view.ts";
import { type HistoryFile, newestFrom, type SimNode, unbornOf } from "./node.ts";
import { beginBranch, contains, cutAt, originIn, positionOf, type Wal, write } from "./wal.ts";
import type { DataWorld } from "./world.ts";

/** So many records fill a segment. */
const segmentRecords = 8;

/** The agent reads the data directory, as it counts. `endRead`: pg_waldump finds the end of WAL. */
export function findData({ disk }: SimNode, world: DataWorld, endRead: boolean): OwnData {
  if (disk.incoming !== null) return { kind: "unfinished-move" };
  if (disk.wal === null) return { kind: "half-cloned" };
  // otherwise the control file tells how far a checkpoint was
  const wal = startsWith(disk.wal, disk.short);
  const end = endRead ? wal.end : 1 + world.random.below(wal.end);
  const fork = wal.branch.history.at(-1);
  const unborn = unbornOf(disk);
  const seen = positionOf({ ...wal, end });
  const counts = unborn === 0 || world.rules.born;
  const { everHadMajority, granted, followed } = disk.memory;
  return countedData({
    kind: "cluster",
    systemIdentifier: "1",
    position: counts ? seen : { ...seen, timeline: unborn },
    endRead,
    origin: originIn(wal, wal.branch.timeline),
    parent: fork && counts ? { timeline: fork.timeline, lsn: fork.endLsn } : null,
    wasPrimary: disk.upstream === null || !(disk.signal || (unborn > 0 && counts)),
    ungranted: false,
    lastUpstream: disk.upstream,
    restored: null,
  }, { leaseInForce: world.rules.counted, everHadMajority, granted, followed, restoring: null });
}

/** Starts the server on this data. False if it ends at once: the newest history file that it finds leaves its WAL behind. */
export function startServer(node: SimNode, as: "standby" | "primary", world: DataWorld): boolean {
  const { disk } = node;
  const now = node.now!;
  Object.assign(now, { answers: false, ranSince: true, streaming: false, trouble: null, checked: false });
  Object.assign(now, { noPrimaryMs: 0, notStreamingMs: 0 });
  disk.wal = startsWith(disk.wal!, disk.short);
  disk.short = null;
  if (as === "standby" && !isOwnFuture(disk.wal!, disk)) return false;
  now.server = as;
  now.run++;
  if (as === "primary") becomePrimary(node, world);
  return true;
}

/** What a start reads: of a segment that is on disk twice, the file of the newest timeline. */
const startsWith = (wal: Wal, short: number | null): Wal => short === null ? wal : cutAt(wal, short);

function isOwnFuture(wal: Wal, { files }: SimNode["disk"]): boolean {
  const newest = newestFrom(wal.branch.timeline, files);
  if (newest === wal.branch.timeline) return true;
  return canFollow(wal, files.get(newest)!);
}

/** Whether this WAL can go on to that timeline, by the numbers of timelines and records, as PostgreSQL sees it. */
export function canFollow({ branch, end }: Wal, file: HistoryFile): boolean {
  return file !== "held" && file.history.some((f) => f.timeline === branch.timeline && end <= f.end);
}

/** Every process of the server is gone. */
export function endServer(node: SimNode, world: DataWorld): void {
  if (world.rules.orphansEnded) node.now!.orphan = false;
  endPostmaster(node, world);
}

/** A backend may still be at work. */
export function endPostmaster(node: SimNode, world: DataWorld): void {
  Object.assign(node.now!, { server: "none", answers: false, streaming: false, promotion: null, before: null });
  node.now!.handOver = null;
  for (const { disk, now: other } of world.nodes) {
    if (other !== null && disk.upstream === node.settings.host) other.streaming = false;
  }
}

/** The WAL receiver of a standby connects, or receives some more. */
export function stream(node: SimNode, world: DataWorld): void {
  const { disk, settings: { host } } = node;
  const now = node.now!;
  now.streaming = false;
  const source = disk.upstream === null ? null : world.node(disk.upstream);
  if (source === null || !source.now || source.now.server === "none" || !world.reaches(host, disk.upstream!)) return;
  const wal = disk.wal!;
  const theirs = source.now.before ?? source.disk.wal!;
  const sound = fits(wal, theirs) && fetchHistories(node, source, theirs.branch.timeline);
  now.trouble = !sound ? "diverged" : hasHistories(node, theirs) ? null : "wal-removed";
  if (now.trouble !== null) return;
  // what a dead promotion left is a history file, no record
  const own = wal.end === wal.branch.from?.end ? wal.branch.from : wal;
  // a copy from another time has no slot for this standby
  if (!theirs.branch.leased && disk.memory.everHadMajority) return;
  if (!contains(theirs, own)) {
    // each record names the place of the one before it, so PostgreSQL sees that a copy from another time went another way
    now.trouble = "diverged";
    return wal.branch.leased ? world.fail(`${host} streams into another history`) : undefined;
  }
  now.streaming = true;
  if (own !== wal) disk.files.set(wal.branch.timeline, source.disk.files.get(wal.branch.timeline) ?? "held");
  const more = theirs.end - own.end;
  if (more > 0 && !receivesAgain(node, cutAt(theirs, own.end + 1), world)) {
    disk.wal = cutAt(theirs, own.end + 1 + world.random.below(more));
  }
  if (source.now.server === "primary") acknowledge(source, world);
}

/** A new timeline is received from the beginning of the segment in which it left its parent. True until that has arrived. */
function receivesAgain({ disk }: SimNode, next: Wal, world: DataWorld): boolean {
  const fork = next.branch.from?.end;
  const before = fork === next.end - 1 && disk.short === null ? fork % segmentRecords : 0;
  disk.short = before === 0 ? null : Math.max(1, fork! - 1 - world.random.below(before));
  return before > 0;
}

/** By the numbers of their timelines, as PostgreSQL sees it. */
function fits(own: Wal, theirs: Wal): boolean {
  if (own.branch.timeline === theirs.branch.timeline) return own.end <= theirs.end;
  return theirs.branch.history.some((f) => f.timeline === own.branch.timeline && own.end <= f.end);
}

/** Every history file between the two timelines. False if the newest that is then found is not of this node's future. */
function fetchHistories({ disk }: SimNode, source: SimNode, to: number): boolean {
  for (let t = disk.wal!.branch.timeline + 1; t <= to; t++) {
    const file = source.disk.files.get(t);
    if (file === undefined) break;
    if (!disk.files.has(t)) disk.files.set(t, file);
  }
  return disk.wal!.branch.timeline === to || isOwnFuture(disk.wal!, disk);
}

/** PostgreSQL does not stream a newer timeline before it has them all. */
function hasHistories({ disk }: SimNode, { branch }: Wal): boolean {
  for (let t = disk.wal!.branch.timeline + 1; t <= branch.timeline; t++) if (!disk.files.has(t)) return false;
  return true;
}

/**
 * PostgreSQL leaves recovery, in its order: a segment of the new timeline, the signal, the history file, the first record, the
 * last command of recovery, which may refuse it. What has been written by then stays.
 */
export function* promote(node: SimNode, world: DataWorld, mayEndRecovery: () => boolean): Generator<void, void> {
  const { disk } = node;
  const now = node.now!;
  now.streaming = false;
  if (disk.short !== null) return endServer(node, world); // its last record is not in the file that it reads: a PANIC
  now.before = disk.wal;
  const timeline = newestFrom(disk.wal!.branch.timeline, disk.files) + 1;
  const branch = beginBranch(disk.wal!, timeline, `${node.settings.host} ${world.steps}`);
  disk.segment = timeline;
  yield;
  disk.signal = false;
  yield;
  disk.files.set(timeline, branch);
  disk.wal = { branch, end: disk.wal!.end };
  world.promises.decides(node);
  yield;
  disk.wal = write(disk.wal);
  yield;
  if (!mayEndRecovery()) return endServer(node, world);
  now.server = "primary";
  becomePrimary(node, world);
}

function becomePrimary(node: SimNode, world: DataWorld): void {
  node.now!.servedFrom = node.disk.wal!.end;
  world.promises.begins(node);
}

/** A client writes. An orphan, a backend whose postmaster is gone, can do so too. */
export function writeRecord(node: SimNode, world: DataWorld): void {
  node.disk.wal = write(node.disk.wal!, node.disk.memory.everHadMajority);
  acknowledge(node, world);
}

/** Tells clients that their commits are safe, as far as enough standbys have flushed them. PostgreSQL compares LSNs only. */
function acknowledge(node: SimNode, world: DataWorld): void {
  const { disk, settings: { host } } = node;
  const now = node.now!;
  const { count, names } = disk.sync;
  const wal = disk.wal!;
  const flushed = now.orphan ? [] : world.nodes.flatMap((s) => {
    const streams = s.now?.streaming && s.disk.upstream === host && world.reaches(host, s.settings.host);
    return streams && names.includes(s.settings.host) ? [s.disk.wal!.end] : [];
  });
  const end = count === 0 ? wal.end : flushed.toSorted((a, b) => b - a)[count - 1] ?? 0;
  world.promises.acknowledged(node, Math.min(end, wal.end));
}
