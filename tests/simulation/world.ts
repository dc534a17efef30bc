// The simulated world: agents, a network that delays, loses, doubles and reorders messages, and the events in the order of their
// true time. `faults.ts` decides what breaks; `watch.ts` checks the promises after every step.
import type { LeaseReply, LeaseRequest } from "../../core/lease/decide/vote.ts";
import { Agent, type Surroundings, type Timing } from "./agent.ts";
import { Faults } from "./faults.ts";
import { Agenda, Random } from "./random.ts";
import type { Rules, WorldKind } from "./rules.ts";
import { Watch } from "./watch.ts";

type Delivery =
  | { what: "request"; to: Agent; from: Agent; life: number; asked: string; request: LeaseRequest }
  | { what: "reply"; to: Agent; life: number; asked: string; reply: LeaseReply }
  | { what: "tick"; to: Agent; life: number; timer: number };
type Event = Delivery | { what: "do"; act: () => void };

export class World implements Surroundings {
  readonly random: Random;
  readonly timing: Timing;
  readonly agents: readonly Agent[];
  readonly watch: Watch;
  calm = false;
  nowMs = 0;
  steps = 0;
  broken: string | null = null;
  private readonly faults: Faults;
  private readonly agenda = new Agenda<Event>();
  private readonly inboxes = new Map<Agent, Delivery[]>();
  private readonly byName: ReadonlyMap<string, Agent>;

  constructor(seed: number, kind: WorldKind, readonly rules: Rules) {
    this.random = new Random(seed);
    const ttlMs = this.random.pick([1_000, 5_000, 5_000, 20_000]);
    this.timing = { ttlMs, renewMs: ttlMs / 5, askMs: Math.min(600, ttlMs / 5) };
    this.faults = new Faults(this, kind);
    this.agents = this.faults.agents;
    this.byName = new Map(this.agents.map((a) => [a.name, a]));
    this.watch = new Watch(this.agents, ttlMs);
    for (const agent of this.agents) {
      agent.boot(0, this.random);
      this.start(agent);
    }
    this.faults.begin();
  }

  /** Runs until a promise is broken or so many steps are done. */
  run(steps: number): string | null {
    const end = this.steps + steps;
    while (this.broken === null && this.steps < end) this.step();
    return this.broken;
  }

  private step(): void {
    const next = this.agenda.take();
    if (next === null) throw new Error("nothing is left to happen");
    this.nowMs = next.at;
    this.steps++;
    if (next.event.what === "do") next.event.act();
    else this.deliver(next.event);
  }

  private deliver(event: Delivery): void {
    const { to } = event;
    if (!to.up || (event.what !== "request" && event.life !== to.life)) return;
    if (to.frozen) {
      this.inboxes.get(to)!.push(event);
      return;
    }
    this.handle(event);
    this.broken ??= this.watch.look(to, this.nowMs);
  }

  private handle(event: Delivery): void {
    const { to } = event;
    if (event.what === "tick") {
      if (event.timer === to.timer) to.tick(this.nowMs, this);
    } else if (event.what === "reply") to.take(event.asked, event.reply, this.nowMs, this);
    else {
      const { from, life, asked } = event;
      const reply = to.answer(event.request, this.nowMs, this.rules);
      this.transmit(to, from, { what: "reply", to: from, life, asked, reply });
    }
  }

  /** A claimant asks all voters; its own voter answers at once. */
  send(from: Agent, request: LeaseRequest): void {
    const { life } = from;
    for (const asked of request.electorate) {
      const to = this.faults.route(from, asked) ?? this.byName.get(asked);
      if (to === undefined) continue;
      if (to === from) from.take(asked, from.answer(request, this.nowMs, this.rules), this.nowMs, this);
      else this.transmit(from, to, { what: "request", to, from, life, asked, request });
    }
  }

  private transmit(from: Agent, to: Agent, message: Delivery): void {
    for (const delayMs of this.faults.delays(from, to)) this.agenda.add(this.nowMs + delayMs, message);
  }

  wake(agent: Agent, afterMs: number): void {
    const event: Event = { what: "tick", to: agent, life: agent.life, timer: ++agent.timer };
    this.agenda.add(this.nowMs + agent.trueSpanMs(afterMs), event);
  }

  later(afterMs: number, act: () => void): void {
    this.agenda.add(this.nowMs + afterMs, { what: "do", act });
  }

  start(agent: Agent): void {
    agent.electorate = this.faults.electorateOf(agent);
    this.inboxes.set(agent, []);
    agent.start(this.nowMs, this);
    this.watch.noteStart(this.nowMs);
  }

  /** Handles what arrived while the agent was frozen, in random order; its timers may come first or last. */
  thaw(agent: Agent): void {
    agent.frozen = false;
    const waiting = this.random.shuffle(this.inboxes.get(agent) ?? []);
    this.inboxes.set(agent, []);
    for (const event of waiting) if (this.broken === null) this.deliver(event);
  }

  /** After the faults have ended for three times LEASE_TTL there must be a holder. */
  judge(): void {
    if (!this.agents.some((a) => a.remainingMs(this.nowMs) > 0)) {
      this.broken ??= "no holder 3 LEASE_TTL after the faults have ended";
    }
  }
}

/** Runs one world from its seed; returns how many steps it took, and what broke. */
export function runWorld(seed: number, kind: WorldKind, rules: Rules, steps: number) {
  const world = new World(seed, kind, rules);
  const broken = world.run(steps);
  return { broken, steps: world.steps, begun: world.watch.begun };
}

/** Number of steps of one world, after which a new one begins. */
export const worldSteps = 4_000;

const kinds: readonly WorldKind[] = [
  "ordinary",
  "rolling",
  "misrouted",
  "ordinary",
  "odd-one",
  "rolling",
  "two-extras",
];

/** The kind of world that a seed makes in a long run. */
export function kindOf(seed: number): WorldKind {
  return kinds[seed % kinds.length]!;
}
