// What breaks in the simulated world, and when: cuts, losses, delays, freezes, restarts, clocks, electorates, names.
// From time to time everything works for three times LEASE_TTL, and then new faults follow.
import { Agent } from "./agent.ts";
import type { Random } from "./random.ts";
import type { WorldKind } from "./rules.ts";
import type { World } from "./world.ts";

export class Faults {
  readonly agents: readonly Agent[];
  private readonly random: Random;
  private readonly ttlMs: number;
  private readonly configured = new Map<Agent, readonly string[]>();
  /** "from to" of the links that are cut, each with the time at which the cut ends */
  private readonly cuts = new Map<string, number>();
  private readonly routes = new Map<string, Agent>();
  private loss = 0;
  private doubled = 0;
  private slow = 0;
  private voters: string[];
  private toRoll: Agent[] = [];
  private readonly paceMs: number;

  constructor(private readonly world: World, private readonly kind: WorldKind) {
    this.random = world.random;
    this.ttlMs = world.timing.ttlMs;
    const members = kind === "two-extras" ? 4 : kind === "odd-one" ? 5 : this.random.pick([3, 3, 4, 5, 7]);
    const spares = kind === "rolling" || kind === "two-extras" ? 2 : 0;
    const observers = kind !== "odd-one" && kind !== "two-extras" ? this.random.below((members + 1) / 2) : 0;
    const names = Array.from({ length: members + spares }, (_, i) => `n${i + 1}`);
    this.agents = names.map((name, i) => new Agent(i, name, i >= members - observers && i < members));
    this.voters = names.slice(0, members);
    for (const agent of this.agents) this.configured.set(agent, this.voters);
    this.paceMs = this.ttlMs * this.random.scale(0.1, 3);
    if (kind === "odd-one") this.configured.set(this.agents[0]!, this.random.shuffle(this.voters).slice(0, 3));
    if (kind === "two-extras") this.giveExtras();
  }

  electorateOf(agent: Agent): readonly string[] {
    return this.configured.get(agent)!;
  }

  /** An agent other than the named one answers. */
  route(from: Agent, name: string): Agent | undefined {
    return this.routes.get(`${from.name} ${name}`);
  }

  /** The times at which a message arrives: none, one or two. */
  delays(from: Agent, to: Agent): number[] {
    const { random } = this;
    const cutUntil = this.cuts.size === 0 ? undefined : this.cuts.get(`${from.name} ${to.name}`);
    if (cutUntil !== undefined && cutUntil > this.world.nowMs) return [];
    if (this.loss > 0 && random.chance(this.loss)) return [];
    const one = () => random.chance(this.slow) ? random.scale(3, 1.5 * this.ttlMs) : random.between(0.2, 3);
    return this.doubled > 0 && random.chance(this.doubled) ? [one(), one()] : [one()];
  }

  begin(): void {
    const until = this.world.nowMs + this.ttlMs * this.random.scale(3, 60);
    const next = () => {
      if (this.world.nowMs >= until) return this.mend();
      this.random.pick(this.acts)();
      this.world.later(this.random.between(0, 2 * this.paceMs), next);
    };
    next();
  }

  private mend(): void {
    const { world } = this;
    this.cuts.clear();
    this.routes.clear();
    this.loss = this.doubled = this.slow = 0;
    for (const agent of this.agents) {
      if (agent.frozen) world.thaw(agent);
      if (!agent.up) world.start(agent);
    }
    world.calm = true;
    world.later(3 * this.ttlMs / 0.99, () => {
      world.judge();
      world.calm = false;
      this.begin();
    });
  }

  private readonly acts: readonly (() => void)[] = [
    () => this.cut(),
    () => this.cut(),
    () => this.isolate(),
    () => this.isolate(),
    () => this.freeze(this.someone()),
    () => this.freeze(this.someone()),
    () => this.restart(this.someone()),
    () => this.outage(),
    () => this.someone().setRate(this.random.pick([0.99, 1.01, this.random.between(0.99, 1.01)]), this.world.nowMs),
    () => this.loss = this.random.pick([0, 0, 0.05, 0.5]),
    () => this.doubled = this.random.pick([0, 0.1, 0.5]),
    () => this.slow = this.random.pick([0, 0.02, 0.1, 0.5]),
    () => this.special(),
    () => this.special(),
  ];

  /** A random agent, the holder more often than others. */
  private someone(): Agent {
    const holder = this.random.chance(0.4) ? this.agents.find((a) => a.remainingMs(this.world.nowMs) > 0) : undefined;
    return holder ?? this.random.pick(this.agents);
  }

  private cutLink(from: Agent, to: Agent, forMs: number): void {
    this.cuts.set(`${from.name} ${to.name}`, this.world.nowMs + forMs);
  }

  private span(): number {
    return this.random.scale(0.01 * this.ttlMs, 4 * this.ttlMs);
  }

  private cut(): void {
    this.cutLink(this.random.pick(this.agents), this.random.pick(this.agents), this.span());
  }

  /** One or several agents cannot be heard, cannot hear, or both. */
  private isolate(): void {
    const apart = new Set([this.someone(), ...this.random.shuffle(this.agents).slice(0, this.random.below(3))]);
    const [outwards, inwards] = this.random.pick([[true, true], [true, false], [false, true]] as const);
    const forMs = this.span();
    for (const a of apart) {
      for (const b of this.agents) {
        if (apart.has(b)) continue;
        if (outwards) this.cutLink(a, b, forMs);
        if (inwards) this.cutLink(b, a, forMs);
      }
    }
  }

  private freeze(agent: Agent): void {
    if (!agent.up || agent.frozen) return;
    const { life } = agent;
    agent.frozen = true;
    this.world.later(this.span(), () => {
      if (agent.frozen && agent.life === life) this.world.thaw(agent);
    });
  }

  private restart(agent: Agent): void {
    if (!agent.up) return;
    agent.up = agent.frozen = false;
    const booted = this.random.chance(0.2);
    const { life } = agent;
    this.world.later(this.random.pick([0, this.span()]), () => {
      if (agent.up || agent.life !== life) return;
      if (booted) agent.boot(this.world.nowMs, this.random);
      this.world.start(agent);
    });
  }

  private outage(): void {
    const share = this.random.next() ** 2;
    for (const agent of this.agents) if (this.random.chance(share)) this.restart(agent);
  }

  private special(): void {
    if (this.kind === "rolling") return this.roll();
    if (this.kind !== "misrouted") return this.restart(this.someone());
    const key = `${this.random.pick(this.agents).name} ${this.random.pick(this.agents).name}`;
    if (!this.routes.delete(key)) this.routes.set(key, this.random.pick(this.agents));
  }

  /** The electorate changes by one member, agent by agent; the next change begins when all have been restarted. */
  private roll(): void {
    const agent = this.toRoll.pop();
    if (agent === undefined) {
      const outside = this.agents.map((a) => a.name).filter((n) => !this.voters.includes(n));
      const grow = this.voters.length <= 3 || (outside.length > 0 && this.random.chance(0.5));
      const gone = this.random.pick(this.voters);
      this.voters = grow ? [...this.voters, this.random.pick(outside)] : this.voters.filter((v) => v !== gone);
      this.toRoll = this.random.shuffle(this.agents);
      return;
    }
    this.configured.set(agent, this.voters);
    this.restart(agent);
  }

  /** Two changes at once: one node gets one more voter, and another node gets a different one. */
  private giveExtras(): void {
    const [one, , other] = this.agents;
    const [x, y] = this.agents.slice(this.voters.length);
    this.configured.set(one!, [...this.voters, x!.name]);
    this.configured.set(other!, [...this.voters, y!.name]);
  }
}
