// The data side of the promise: nodes with logs, and the real decisions about whose data counts, under faults of every kind.
import { comparePosition } from "../../../core/postgres/lsn.ts";
import { provesAll } from "../../../roles/postgres-node/decide/sync.ts";
import type { Random } from "../random.ts";
import { crash, Faults, isBlank, orderAll } from "./faults.ts";
import { isOverruledBy } from "./force.ts";
import { Lease } from "./lease.ts";
import { life } from "./life.ts";
import { newNode, settingsOf, type WorldKind } from "./kind.ts";
import type { SimNode, TakeOver } from "./node.ts";
import { endServer, stream, writeRecord } from "./postgres.ts";
import { Promises } from "./promises.ts";
import type { DataRules } from "./rules.ts";
import { keepSync } from "./serve.ts";
import { reportedPosition } from "./views.ts";
import { Voter, votersOf } from "./voter.ts";
import { firstWal } from "./wal.ts";

export class DataWorld {
  readonly nodes: readonly SimNode[];
  readonly voters: readonly Voter[];
  /** every container */
  readonly hosts: readonly string[];
  readonly cuts = new Set<string>();
  readonly lease: Lease;
  readonly promises: Promises;
  broken: string | null = null;
  steps = 0;
  /** a partner is being added, or removed, on one node after another; null: nobody changes anything */
  readonly changing: { partner: string; is: boolean } | null;
  /** no faults any more */
  calm = false;
  /** nothing that was posted arrives */
  holdsPost = false;
  private readonly faults: Faults;
  readonly posted: { to: string; order: TakeOver }[] = [];
  private readonly nodeOf: ReadonlyMap<string, SimNode>;
  private readonly voterOf: ReadonlyMap<string, Voter>;
  private incarnations = 0;

  constructor(readonly random: Random, readonly rules: DataRules, readonly kind: WorldKind) {
    const start = firstWal();
    this.nodes = settingsOf(kind).map((settings) => newNode(settings, start));
    const observers = this.nodes[0]!.settings.observers;
    const voting = this.nodes.filter((n) => n.settings.electorate.length > 0);
    this.voters = votersOf(this.nodes);
    this.hosts = [...this.nodes.map((n) => n.settings.host), ...observers];
    this.changing = kind.changes ? { partner: voting.at(-1)!.settings.host, is: false } : null;
    this.nodeOf = new Map(this.nodes.map((n) => [n.settings.host, n]));
    this.voterOf = new Map(this.voters.map((v) => [v.host, v]));
    this.lease = new Lease(this);
    this.promises = new Promises(this, start);
    this.faults = new Faults(this, random);
    for (const node of this.nodes) keepSync(node, this);
  }

  node(host: string): SimNode {
    return this.nodeOf.get(host)!;
  }

  voter(host: string): Voter {
    return this.voterOf.get(host) ?? new Voter(host, this.node(host));
  }

  fail(because: string): void {
    this.broken ??= because;
  }

  /** With this chance while there are faults. */
  strikes(chance: number): boolean {
    return !this.calm && this.random.chance(chance);
  }

  reaches(a: string, b: string): boolean {
    return this.isUp(a) && this.isUp(b) && !this.cuts.has(`${a} ${b}`);
  }

  private isUp(host: string): boolean {
    return this.nodeOf.has(host) ? this.node(host).now !== null : this.voterOf.get(host)!.up;
  }

  cut(a: string, b: string): void {
    if (a !== b) this.cuts.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  /** An order to take over is on its way: it may come late, or never. */
  post(to: string, order: TakeOver): void {
    this.posted.push({ to, order });
  }

  step(): void {
    this.steps++;
    if (!this.calm) this.faults.strike();
    if (this.random.chance(0.1)) this.expire();
    if (this.posted.length > 0 && !this.holdsPost && this.random.chance(0.01)) this.deliver();
    const node = this.random.pick(this.nodes);
    if (node.now === null) this.boot(node);
    else if (this.random.chance(0.3)) this.runServer(node);
    else if (node.now.frozenFor > 0 && !this.calm) node.now.frozenFor--;
    else node.now.agent.next();
  }

  private boot(node: SimNode): void {
    if (node.downFor-- > 0 && !this.calm) return;
    node.now = {
      incarnation: ++this.incarnations,
      agent: life(node, this),
      frozenFor: 0,
      promotion: null,
      before: null,
      server: "none",
      answers: false,
      run: 0,
      servedFrom: 0,
      checked: false,
      orphan: false,
      streaming: false,
      trouble: null,
      found: { kind: "empty" },
      ranSince: true,
      replacing: false,
      bid: false,
      newestTimeline: 0,
      leaderships: [],
      sawPrimary: false,
      noPrimaryMs: 0,
      notStreamingMs: 0,
      cloneBecause: null,
      streamed: false,
      rejoining: false,
      handOver: null,
      mail: [],
      asked: false,
      votesAlone: false,
    };
  }

  /** PostgreSQL works on, whatever its agent does. */
  private runServer(node: SimNode): void {
    const now = node.now!;
    if (now.promotion !== null) {
      if (now.promotion.next().done) now.promotion = now.before = null;
    } else if (now.server === "primary") writeRecord(node, this);
    else if (now.server === "standby") stream(node, this);
    else if (now.orphan && node.disk.wal !== null) writeRecord(node, this);
  }

  /** The lease of a holder that reaches no majority runs out. Its fence has ended its server by then. */
  private expire(): void {
    this.lease.expireAlone();
    const { holder } = this.lease;
    if (holder === null) return;
    const held = this.lease.heldBy(holder.node);
    if (held && this.lease.reachesMajority(holder.node)) return;
    if (held && this.rules.fenced) endServer(holder.node, this);
    this.lease.end(holder.node);
  }

  private deliver(): void {
    const [{ to, order }] = this.posted.splice(this.random.below(this.posted.length), 1) as [typeof this.posted[0]];
    if (this.calm || this.random.chance(0.8)) this.node(to).now?.mail.push(order);
  }

  /** From now on nothing breaks; what is down comes up, and a pause is ended. */
  heal(): void {
    this.calm = true;
    this.cuts.clear();
    // a container whose WAL end could not be read is started again
    for (const node of this.nodes) if (node.now?.found.kind === "cluster" && !node.now.found.endRead) crash(node, this);
    for (const voter of this.voters) if (voter.node === null) voter.wake();
  }

  resume(): void {
    if (this.nodes.some((n) => n.disk.memory.paused.on)) orderAll(this, false);
  }

  /**
   * So few nodes are left with data that they prove nothing in strict mode, for example since the others were being cloned when
   * the primary ended. Or the newest of them was promoted without an epoch, so that it does not lead by itself, and no other
   * may lead without what it has. An operator has to force one.
   */
  needsPeople(): boolean {
    const partners = this.nodes.filter((n) => n.settings.electorate.length > 0);
    const left = partners.filter((n) => !isBlank(n) && !isOverruledBy(partners, n, this));
    if (partners[0]!.settings.mode === "strict" && !provesAll(left.length, partners.length)) return true;
    const newest = left.flatMap(({ disk, now }) => now ? [{ now, at: reportedPosition({ disk, now }) }] : [])
      .toSorted((a, b) => a.at && b.at ? comparePosition(b.at, a.at) : 0)[0];
    return newest?.now.found.kind === "cluster" && newest.now.found.ungranted;
  }

  /** One leader, which every node follows. */
  isWhole(): boolean {
    const leader = this.lease.holder?.node;
    if (!leader || leader.now?.server !== "primary" || !this.lease.heldBy(leader)) return false;
    const { timeline } = leader.disk.wal!.branch;
    return this.nodes.every(({ disk, now }) =>
      now !== null && disk.wal?.branch.timeline === timeline && (now.streaming || now === leader.now)
    );
  }
}
