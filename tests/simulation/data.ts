// The data side of the promise: three nodes with logs, and the real decisions about whose data counts. The lease is perfect here
// (world.ts shakes it): one holder at a time, with a majority up. Nodes crash at every point, stay away across leaderships, and
// are promoted by hand. A log is a list of records; the first record of a leadership begins its timeline.
import { judgeEpoch, nextEpoch } from "../../core/lease/decide/epoch.ts";
import { isAncestor } from "../../core/postgres/lsn.ts";
import {
  type DataRules,
  forksOf,
  last,
  mayPromote,
  positionOf,
  seesOwn,
  type SimNode,
  startupOf,
  type WalRecord,
} from "./data-views.ts";
import type { Random } from "./random.ts";

export class DataWorld {
  readonly nodes: SimNode[] = ["a", "b", "c"].map((host) => ({
    host,
    up: true,
    role: "none",
    log: [{ timeline: 1, id: 0 }],
    wasPrimary: host === "a",
    granted: host === "a" ? [1] : [],
    stored: 1,
  }));
  /** acknowledged in strict mode: on the primary and on another node */
  readonly acknowledged = new Set<number>();
  broken: string | null = null;
  led = 0;
  private holder: SimNode | null = null;
  private next = 1;

  constructor(private readonly random: Random, readonly rules: DataRules) {}

  get leader(): SimNode | null {
    return this.nodes.find((n) => n.role === "primary") ?? null;
  }

  /** One event. `faults` are left out while the cluster is to heal. */
  step(faults: boolean): void {
    const { random } = this;
    const node = random.pick(this.nodes);
    if (!node.up) return void (node.up = !faults || random.chance(0.3));
    if (faults && random.chance(0.08)) return this.crash(node);
    if (faults && random.chance(0.01)) return this.promoteByHand(node);
    if (node.role === "primary") return this.write(node);
    if (node.role === "standby") this.stand(node);
    else this.start(node);
  }

  private write(node: SimNode): void {
    node.log = [...node.log, { timeline: last(node.log), id: this.next++ }];
  }

  private crash(node: SimNode): void {
    Object.assign(node, { up: false, role: "none" });
    if (!this.rules.durable) node.stored = 0;
    if (this.holder === node) this.holder = null;
  }

  /** PostgreSQL has begun the timeline when the last command of recovery refuses it. */
  private promoteByHand(node: SimNode): void {
    const others = this.nodes.filter((n) => n !== node && seesOwn(n, this.nodes, this.rules).ungranted);
    if (node.role !== "standby" || others.length > 0) return; // not on all nodes: then people have to decide
    node.log = [...node.log, { timeline: last(node.log) + 1, id: 0 }, { timeline: last(node.log) + 1, id: -1 }];
    Object.assign(node, { role: "none", wasPrimary: true });
  }

  private stand(node: SimNode): void {
    const { leader } = this;
    if (leader === null) return this.tryToLead(node);
    if (!this.follows(node, leader)) return void (node.role = "none"); // it is rejoined
    const behind = leader.log.length - node.log.length;
    if (behind <= 0) return;
    if (node.log.some((r, i) => r.id !== leader.log[i]!.id)) this.break(`${node.host} streams into another history`);
    node.log = leader.log.slice(0, node.log.length + 1 + this.random.below(behind));
    // sessions end with their server: what an earlier leadership wrote is acknowledged to nobody (Raft, 5.4.2)
    const counts = (r: WalRecord) => r.id > 0 && (!this.rules.ownEpoch || r.timeline === last(leader.log));
    for (const record of node.log) if (counts(record)) this.acknowledged.add(record.id);
  }

  private follows(node: SimNode, leader: SimNode): boolean {
    return isAncestor(positionOf(node.log), { timeline: last(leader.log), history: forksOf(leader.log) });
  }

  private start(node: SimNode): void {
    const plan = startupOf(node, this, false);
    if (plan.do === "start-standby") Object.assign(node, { role: "standby", wasPrimary: false });
    if (plan.do === "rewind" || plan.do === "clone") Object.assign(node, { log: this.leader!.log, wasPrimary: false });
    if (plan.do === "start-primary") this.tryToLead(node);
  }

  /** The lease first; then what is seen is final. */
  private tryToLead(node: SimNode): void {
    if (this.holder !== null || this.nodes.filter((n) => n.up).length < 2) return;
    this.holder = node;
    const may = node.role === "standby" ? mayPromote(node, this) : startupOf(node, this, true).do === "start-primary";
    if (may && this.lead(node)) return;
    if (this.holder === node) this.holder = null;
  }

  private lead(node: SimNode): boolean {
    const epoch = this.rules.epochs ? this.reserve(node) : last(node.log) + (node.role === "standby" ? 1 : 0);
    if (epoch === null) return false;
    node.granted = [...node.granted, epoch];
    if (this.strikes(node)) return false;
    node.log = [...node.log, { timeline: epoch, id: 0 }];
    node.wasPrimary = true;
    if (this.strikes(node)) return false;
    node.role = "primary";
    this.led++;
    const has = new Set(node.log.map((r) => r.id));
    const lost = [...this.acknowledged].filter((id) => !has.has(id));
    if (lost.length > 0) {
      this.break(`${node.host} leads on timeline ${epoch} without ${lost.length} acknowledged writes`);
    }
    return true;
  }

  private reserve(node: SimNode): number | null {
    const up = this.nodes.filter((n) => n.up);
    const from = { nodeId: this.nodes.indexOf(node), host: node.host, incarnation: "1" };
    let epoch = Math.max(...up.map((n) => last(n.log)), ...node.log.map((r) => r.timeline)) + 1;
    for (let attempt = 0; attempt < 4; attempt++) {
      const replies: { ok: boolean; highest: number }[] = [];
      for (const voter of up) {
        const { ok } = judgeEpoch({ holder: from, highest: voter.stored, highestTo: null }, { from, epoch });
        if (ok) voter.stored = epoch;
        replies.push({ ok, highest: voter.stored });
        if (this.strikes(node)) return null;
      }
      if (replies.filter((r) => r.ok).length >= 2) return epoch;
      epoch = nextEpoch(epoch, replies);
    }
    return null;
  }

  /** A crash between any two writes to disk. */
  private strikes(node: SimNode): boolean {
    if (this.calm || !this.random.chance(0.04)) return false;
    this.crash(node);
    return true;
  }

  /** no faults any more */
  calm = false;

  private break(because: string): void {
    this.broken ??= because;
  }
}

/** Runs one world for so many steps with faults, then heals it. Returns what broke, or null. */
export function runData(random: Random, rules: DataRules, steps: number): { broken: string | null; led: number } {
  const world = new DataWorld(random, rules);
  for (let i = 0; i < steps && world.broken === null; i++) world.step(true);
  world.calm = true;
  const whole = () =>
    world.leader !== null && world.nodes.every((n) => n.up && n.log.length > 1 && n.role !== "none") &&
    world.nodes.every((n) => last(n.log) === last(world.leader!.log));
  let left = 2_000;
  while (world.broken === null && !whole() && left-- > 0) world.step(false);
  return {
    broken: world.broken ?? (whole() ? null : "no leader that all follow, long after the last fault"),
    led: world.led,
  };
}
