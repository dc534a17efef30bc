// What must hold after every step: no acknowledged commit is missing on a leader, and one server at a time acknowledges.
import { ledByMajority } from "../../../roles/postgres-node/decide/overruled.ts";
import type { SimNode } from "./node.ts";
import { isCertain, licenseOf, type Surroundings } from "./views.ts";
import { commonEnd, contains, cutAt, firstWal, type Wal } from "./wal.ts";
import type { DataWorld } from "./world.ts";

/** What an operator has given up by forcing a node. */
interface Forgiven {
  /** the highest epoch that was known then */
  above: number;
  /** the end of what may be missing: all until another node leads by a majority, under a greater epoch */
  end: number;
  /** the branches that the node has begun alone */
  branches: Set<string>;
  /** the nodes that have seen a primary of a majority since */
  aware: Set<SimNode>;
}

/** Whether an earlier leadership of this node, which may never have served, has left out what comes after `kept` already. */
function decidedBefore({ disk }: SimNode, kept: number): boolean {
  const granted = disk.memory.granted ?? [];
  for (let at = disk.wal!.branch.from; at !== null; at = at.branch.from) {
    const begin = at.branch.from?.end ?? 0;
    if (begin < kept) return false;
    if (granted.includes(at.branch.timeline)) return true;
  }
  return false;
}

/** Whether this WAL has some of one of these branches. */
function isOnOneOf(wal: Wal | null, branches: ReadonlySet<string>): boolean {
  for (let at = wal; at !== null; at = at.branch.from) if (branches.has(at.branch.origin)) return true;
  return false;
}

export class Promises {
  led = 0;
  acknowledgements = 0;
  /** everything that was acknowledged, and what is before it */
  private safe: Wal;
  /** how much of that is older than the last leadership */
  private older = 0;
  /** of the last leadership */
  private timeline = 1;
  /** the server that became the primary last */
  private serving: { node: SimNode; incarnation: number; run: number } | null = null;
  /** the WAL of the nodes that each node reached when it looked for the last time before it led */
  private readonly reached = new Map<SimNode, Wal[]>();
  /** and of all its partners at that time: what one of them has received since, nobody could know of */
  private readonly there = new Map<SimNode, Wal[]>();
  /** the forced nodes */
  private readonly forgiven = new Map<SimNode, Forgiven>();

  constructor(private readonly world: DataWorld, start: Wal = firstWal()) {
    this.safe = start;
  }

  /** Whether this node has everything that was acknowledged. */
  isWhole({ disk }: SimNode): boolean {
    return disk.wal !== null && contains(disk.wal, this.safe);
  }

  /** What a forced node lacks, the operator has given up. */
  forgive(node: SimNode): void {
    const above = node.disk.memory.force?.above ?? 0;
    this.forgiven.set(node, { above, end: Infinity, branches: new Set(), aware: new Set() });
  }

  /**
   * This node looks around. What a majority has acknowledged since the order counts once every node with such data has seen its
   * primary.
   */
  noteSight(node: SimNode, seen: Surroundings): void {
    if (ledByMajority(seen) === null) return;
    for (const [forced, { aware, branches }] of this.forgiven) {
      aware.add(node);
      const carries = ({ disk }: SimNode) => disk.memory.forced || isOnOneOf(disk.wal, branches);
      if (!this.world.nodes.some((n) => carries(n) && !aware.has(n))) this.forgiven.delete(forced);
    }
  }

  /** How far what is missing on a node may reach. */
  private mayLack(node: SimNode): number {
    const given = [...this.forgiven].filter(([n, { branches }]) => n === node || isOnOneOf(node.disk.wal, branches));
    return Math.max(0, ...given.map(([, { end }]) => end));
  }

  forgiveNoMore(node: SimNode): void {
    this.forgiven.delete(node);
  }

  noteReached(node: SimNode): void {
    const { world } = this;
    const { host, otherPartners } = node.settings;
    const partners = world.nodes.filter(({ settings }) => otherPartners.includes(settings.host));
    const reached = partners.filter(({ settings }) => world.reaches(host, settings.host));
    this.there.set(node, partners.flatMap(({ disk }) => disk.wal ? [disk.wal] : []));
    const known = reached.filter(({ disk, now }) => isCertain(now!) && disk.memory.everHadMajority);
    this.reached.set(node, known.flatMap(({ disk }) => disk.wal ? [disk.wal] : []));
  }

  /** A promotion under an epoch has begun on disk: from now on this history is the newest one. */
  decides(node: SimNode): void {
    if (licenseOf(node, this.world) !== "held" || this.world.lease.epochOf(node) !== node.disk.wal!.branch.timeline) {
      return;
    }
    this.keep(node);
  }

  /** A server has become read-write. */
  begins(node: SimNode): void {
    if (licenseOf(node, this.world) === "not-needed") return; // it knows of no cluster that could have promised anything
    const now = node.now!;
    now.checked = true;
    this.led++;
    if (!node.disk.memory.forced) this.serving = { node, incarnation: now.incarnation, run: now.run };
    this.keep(node);
    if (node.disk.memory.forced) return;
    const { branch, end } = node.disk.wal!;
    for (const given of this.forgiven.values()) if (branch.timeline > given.above) given.end = Math.min(given.end, end);
    this.forgiven.delete(node);
  }

  private keep(node: SimNode): void {
    const wal = node.disk.wal!;
    const kept = commonEnd(wal, this.safe);
    const mayLack = this.mayLack(node);
    const alone = node.disk.memory.forced && node.now!.votesAlone;
    if (alone) {
      this.forgiven.get(node)?.branches.add(wal.branch.origin);
      // another node leads, or has led since: what a majority has acknowledged still counts, and nothing that is written here
      if (mayLack < Infinity || this.world.lease.holder !== null) return;
    }
    if (kept < this.safe.end && this.safe.end > mayLack) this.misses(node, kept);
    this.safe = cutAt(this.safe, kept);
    // no node but this one knows of a leadership that it has alone, so the one before it is still the last one for the others
    if (wal.branch.timeline !== this.timeline && !alone) {
      Object.assign(this, { timeline: wal.branch.timeline, older: kept });
    }
  }

  private misses(node: SimNode, kept: number): void {
    const { host, mode } = node.settings;
    const known = decidedBefore(node, kept)
      ? kept
      : Math.max(kept, ...(this.reached.get(node) ?? []).map((w) => commonEnd(w, this.safe)));
    this.missesOlder(node, kept);
    const missing = (mode === "strict" ? this.safe.end : known) - kept;
    const where = mode === "strict" ? "" : " that a node which it reached has";
    const { timeline } = node.disk.wal!.branch;
    if (missing > 0) {
      this.world.fail(`${host} leads on timeline ${timeline} without ${missing} acknowledged writes${where}`);
    }
  }

  /** What is older than the last leadership may be lost, too, but only if fewer than half of the partners ever had it. */
  private missesOlder(node: SimNode, kept: number): void {
    const older = Math.min(this.older, this.safe.end) - kept;
    if (older <= 0 || decidedBefore(node, kept)) return;
    const { host, otherPartners } = node.settings;
    const having = (this.there.get(node) ?? []).filter((wal) => commonEnd(wal, this.safe) > kept);
    if (having.length * 2 <= otherPartners.length) return;
    this.world.fail(`${host} leads without ${older} acknowledged writes of leaderships before the last`);
  }

  /** The server of this node tells its clients that what is before `end` is safe. */
  acknowledged(node: SimNode, end: number): void {
    const now = node.now!;
    const { disk, settings: { host } } = node;
    if (disk.memory.forced) return;
    if (end <= now.servedFrom && this.world.rules.ownEpoch) return;
    if (end === 0 || !disk.memory.everHadMajority) return;
    const { serving } = this;
    if (serving?.node !== node || serving.incarnation !== now.incarnation || serving.run !== now.run) {
      return this.world.fail(`${host} acknowledges, and so does ${serving?.node.settings.host}`);
    }
    this.acknowledgements++;
    const part = cutAt(disk.wal!, end);
    if (contains(part, this.safe)) this.safe = part;
    else if (!contains(this.safe, part)) this.world.fail(`${host} acknowledges what another history does not have`);
  }
}
