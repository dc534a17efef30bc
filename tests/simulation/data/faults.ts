// What happens to the nodes of the simulation. Each world has its own mix of faults.
import { orderPause } from "../../../core/protocol/pause.ts";
import type { Random } from "../random.ts";
import { force } from "./force.ts";
import { withPartner } from "./kind.ts";
import type { SimNode } from "./node.ts";
import { endPostmaster, promote } from "./postgres.ts";
import { mayEndRecovery } from "./promotion.ts";
import { successorOf } from "./serve.ts";
import { contains, cutAt } from "./wal.ts";
import type { DataWorld } from "./world.ts";

type Fault = (node: SimNode, world: DataWorld) => void;

/** Each kind of fault, and how often it strikes at most, per step. */
const faults: readonly [Fault, number][] = [
  [crash, 0.02],
  [cut, 0.02],
  [mend, 0.02],
  [killPostmaster, 0.01],
  [freeze, 0.01],
  [promoteByHand, 0.005],
  [switchOver, 0.01],
  [pause, 0.003],
  [restoreVolume, 0.003],
  [stopObserver, 0.01],
  [force, 0.01],
  [reconfigure, 0.01],
];

export class Faults {
  private readonly rates: readonly [Fault, number][];

  constructor(private readonly world: DataWorld, random: Random) {
    const scale = random.scale(0.1, 4);
    this.rates = faults.map(([fault, rate]) => [fault, random.chance(0.3) ? 0 : rate * scale]);
  }

  strike(): void {
    const { random, nodes } = this.world;
    for (const [fault, rate] of this.rates) if (random.chance(rate)) fault(random.pick(nodes), this.world);
  }
}

/** The container is gone at once; sometimes for long. */
export function crash(node: SimNode, world: DataWorld): void {
  if (node.now === null) return;
  endPostmaster(node, world);
  node.now = null;
  node.downFor = Math.floor(world.random.scale(1, 200));
  world.voter(node.settings.host).forget(world.rules.durable);
}

/** Some nodes no longer reach the others, or two no longer each other. */
function cut({ settings: { host } }: SimNode, world: DataWorld): void {
  const { random, hosts, cuts } = world;
  if (random.chance(0.3)) return world.cut(host, random.pick(hosts));
  cuts.clear();
  const apart = random.shuffle(hosts).slice(0, 1 + random.below(hosts.length - 1));
  for (const a of apart) for (const b of hosts) if (!apart.includes(b)) world.cut(a, b);
}

function mend(_: SimNode, { cuts }: DataWorld): void {
  cuts.clear();
}

/** SIGKILL of the postmaster, or the crash of a backend: sometimes a busy backend goes on for a while. */
function killPostmaster(node: SimNode, world: DataWorld): void {
  const { now } = node;
  if (now === null || now.server === "none") return;
  const orphan = now.server === "primary" && world.random.chance(0.5);
  endPostmaster(node, world);
  now.orphan = orphan;
}

/** The agent hangs for a while. Its server and the fence do not. */
function freeze({ now }: SimNode, { random }: DataWorld): void {
  if (now !== null) now.frozenFor = Math.floor(random.scale(1, 60));
}

/**
 * An operator promotes a standby behind the agent's back, at the earliest a second after its timeline has changed. It is not the
 * only node that has all of its WAL: then people would have to decide.
 */
function promoteByHand(node: SimNode, world: DataWorld): void {
  const { now } = node;
  if (now?.server !== "standby" || now.promotion !== null) return;
  if (node.disk.memory.followed < node.disk.wal!.branch.timeline) return;
  const others = world.nodes.filter((n) => n !== node && n.settings.electorate.length > 0);
  if (others.some(isDeadEnd) || !others.some((n) => contains(n.disk.wal!, node.disk.wal!))) return;
  now.promotion = promote(node, world, () => mayEndRecovery(node, world));
}

/** Its WAL counts for nothing: there is none, or it is a copy from another time. */
export function isBlank({ disk }: SimNode): boolean {
  return disk.wal === null || (!disk.memory.everHadMajority && (!disk.signal || disk.upstream === null));
}

/** It holds nothing that could lead: nothing that counts, or a timeline of its own that nobody has granted. */
function isDeadEnd(node: SimNode): boolean {
  const { disk, now } = node;
  if (disk.wal === null || isBlank(node) || (now !== null && now.promotion !== null)) return true;
  const { branch, end } = disk.wal;
  return (!disk.signal || branch.from?.end === end) && !(disk.memory.granted ?? []).includes(branch.timeline);
}

function switchOver(_: SimNode, world: DataWorld): void {
  const leader = world.nodes.find((n) => n.now?.server === "primary" && world.lease.heldBy(n));
  if (leader) leader.now!.handOver = successorOf(leader, world);
}

/** The order reaches a majority of the first level, or is refused. */
function pause(_: SimNode, world: DataWorld): void {
  orderAll(world, world.random.chance(0.4));
}

export function orderAll(world: DataWorld, on: boolean): void {
  const reached = world.nodes.filter((n) => n.now !== null);
  if (reached.length * 2 <= world.nodes.length) return;
  const order = orderPause(on, reached.map((n) => n.disk.memory.paused), 0);
  for (const { disk } of reached) disk.memory = { ...disk.memory, paused: order };
}

/**
 * The volume of a node is replaced by an older copy of its data, or by an empty one, without the node's memory and its voter's. A second loss at the
 * same time is no fault that any rule survives: the others have everything.
 */
function restoreVolume(node: SimNode, world: DataWorld): void {
  const { disk, settings } = node;
  const others = world.nodes.filter((n) => n !== node && n.settings.electorate.length > 0);
  const partners = others.filter((n) => settings.otherPartners.includes(n.settings.host));
  const whole = partners.filter((n) => world.promises.isWhole(n) && n.disk.memory.everHadMajority);
  if (
    disk.wal === null || others.some(isDeadEnd) ||
    whole.length < Math.max(2, Math.floor((partners.length + 1) / 2) + 1)
  ) return;
  const highest = Math.max(...world.voters.map((v) => v.epoch));
  const remember = settings.electorate.filter((h) => h !== settings.host && world.voter(h).epoch === highest);
  if (remember.length * 2 <= settings.electorate.length) return;
  crash(node, world);
  world.promises.forgiveNoMore(node);
  const wal = world.random.chance(0.3) ? null : cutAt(disk.wal, 1 + world.random.below(disk.wal.end));
  const file = wal && disk.files.get(wal.branch.timeline);
  const { paused } = disk.memory;
  Object.assign(disk, {
    wal,
    incoming: null,
    short: null,
    signal: false,
    segment: 0,
    upstream: null,
    files: new Map(file ? [[wal.branch.timeline, file]] : []),
    memory: {
      everHadMajority: false,
      granted: null,
      followed: 0,
      paused: { ...paused, count: 0, on: false },
      forced: false,
      force: null,
    },
    epoch: 0,
    leaderships: [],
    sync: { count: 0, names: [] },
  });
}

/** An operator restarts a node with other PARTNER_NODES; the next change begins once all nodes have this one. */
function reconfigure(node: SimNode, world: DataWorld): void {
  const { changing } = world;
  if (changing === null) return;
  const changed = withPartner(node.settings, changing.partner, changing.is);
  if (changed.otherPartners.length === node.settings.otherPartners.length) return;
  crash(node, world);
  node.settings = changed;
  const pending = world.nodes.some(({ settings }) =>
    withPartner(settings, changing.partner, changing.is).otherPartners.length !== settings.otherPartners.length
  );
  if (!pending) changing.is = !changing.is;
}

function stopObserver(_: SimNode, world: DataWorld): void {
  const observers = world.voters.filter((v) => v.node === null);
  if (observers.length === 0) return;
  const observer = world.random.pick(observers);
  if (observer.up) observer.stop(world.rules.durable);
  else observer.wake();
}
