// A voter of the simulation: the grant that a crash takes, and what it keeps on disk.
import { type Leadership, withLeaderships } from "../../../core/lease/decide/epoch.ts";
import type { Claimant } from "../../../core/lease/decide/vote.ts";
import { partnersOf, type SimNode } from "./node.ts";

/** The voter of a node, or an observer, which holds epochs and no data. */
export class Voter {
  /** a crash takes it */
  grant: Claimant | null = null;
  highestTo: Claimant | null = null;
  /** of an observer */
  private awake = true;
  private readonly own: Pick<SimNode["disk"], "epoch" | "leaderships">;
  /** what it knew at first */
  private readonly first: readonly Leadership[];

  /** `leaderships`: what an observer knows at first */
  constructor(readonly host: string, readonly node: SimNode | null, leaderships: readonly Leadership[] = []) {
    this.own = { epoch: 1, leaderships };
    this.first = node?.disk.leaderships ?? leaderships;
  }

  get up(): boolean {
    return this.node === null ? this.awake : this.node.now !== null;
  }

  /** What it has on disk. */
  private get disk() {
    return this.node?.disk ?? this.own;
  }

  get epoch(): number {
    return this.disk.epoch;
  }

  get leaderships(): readonly Leadership[] {
    return this.disk.leaderships;
  }

  grantEpoch(leadership: Leadership, to: Claimant): void {
    this.highestTo = to;
    this.disk.epoch = leadership.epoch;
    this.disk.leaderships = withLeaderships(this.disk.leaderships, [leadership]);
  }

  /** The highest epoch that it has granted or seen. */
  get highest(): number {
    return Math.max(this.epoch, this.node?.now?.newestTimeline ?? 0);
  }

  stop(durable: boolean): void {
    this.awake = false;
    this.forget(durable);
  }

  wake(): void {
    this.awake = true;
  }

  forget(durable: boolean): void {
    this.grant = this.highestTo = null;
    if (!durable) Object.assign(this.disk, { epoch: 0, leaderships: this.first });
  }
}

/** The voters of a world: the nodes of the first level, and their observers, which know what the first node does. */
export function votersOf(nodes: readonly SimNode[]): Voter[] {
  const { disk: { leaderships }, settings: { observers } } = nodes[0]!;
  const voting = nodes.filter(({ settings }) => settings.electorate.length > 0);
  return [
    ...voting.map((n) => new Voter(n.settings.host, n)),
    ...observers.map((h) => new Voter(h, null, leaderships)),
  ];
}

/** The leaderships that a node knows of; without `configurations` as if each had had the PARTNER_NODES of this node. */
export function leadershipsSeen({ now, disk, settings }: SimNode, configurations: boolean): readonly Leadership[] {
  const known = withLeaderships(now!.leaderships, disk.leaderships);
  return configurations ? known : known.map((l) => ({ ...l, partners: partnersOf(settings) }));
}
