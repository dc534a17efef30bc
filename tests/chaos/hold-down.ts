// PURE: a fault that holds nodes down while others lead, chosen by a seeded generator: which nodes go, how, and who returns when.
import type { Fault, Seen } from "../support/faults/fault.ts";
import type { Once, Removal, Step } from "../support/faults/steps.ts";

const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!;

/** One that is away: whether it is of the first level, and how many leaderships began, and ended, meanwhile. */
interface Away {
  votes: boolean;
  began: number;
  ended: number;
}

/** A plan in the making. Two of the three nodes of the first level are needed for a leadership. */
class Plan {
  readonly steps: Step[] = [];
  /** in the order in which they went */
  readonly away: Away[] = [];
  private led = true;

  constructor(public present: number, private readonly random: () => number) {}

  /** The most leaderships with acknowledged writes that began and ended while one node was away. */
  get passed(): number {
    return Math.max(0, ...this.away.map((a) => a.ended));
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  /** The leadership ends; it counts if anything was acknowledged. */
  private ends(counts = true): void {
    if (!this.led) return;
    for (const node of this.away) {
      if (counts) node.ended = node.began;
      else node.began = node.ended;
    }
    this.led = false;
  }

  private begins(): void {
    if (this.led || this.present < 2) return;
    for (const node of this.away) node.began++;
    this.led = true;
  }

  remove(whom: "held" | "primary" | "standby" | "last", { votes = true, leads = whom !== "standby" } = {}): void {
    const by = pick<Removal>(["kill", "kill", "cut", "stop"], this.random);
    // a stop in good order loses nothing only if another node follows
    const once = by === "stop" || whom === "held"
      ? "followed"
      : pick<Once>(["leads", "writes", "followed"], this.random);
    this.steps.push({ do: "remove", whom, by, once });
    if (leads) this.ends(once !== "leads");
    this.away.push({ votes, began: 0, ended: 0 });
    if (votes) this.present--;
    this.begins();
  }

  switchover(): void {
    this.steps.push({ do: "switchover" });
    this.ends();
    this.begins();
  }

  wait(): void {
    this.steps.push({ do: "wait", ms: Math.floor(this.random() ** 2 * 10_000) });
  }

  return(nth: number): void {
    this.steps.push({ do: "return", nth });
    if (this.away.splice(nth, 1)[0]!.votes) this.present++;
    this.begins();
  }

  returnOne(): void {
    this.return(Math.floor(this.random() * this.away.length));
  }
}

/** Brings a majority back after too few nodes were left: others return first, and once the node that was away longest. */
function recover(plan: Plan, may: { swap: boolean; outage: boolean }): void {
  if (may.outage && plan.chance(0.4)) {
    may.outage = false;
    plan.remove("last");
  }
  while (plan.present < 2) {
    if (plan.chance(0.5)) plan.wait();
    const swap = plan.present === 0 || (may.swap && plan.chance(0.4));
    if (!swap) plan.return(plan.away.length - 1);
    else {
      may.swap = false;
      plan.returnOne();
    }
  }
}

/**
 * A node goes, often the primary, and stays away until one or two leaderships of others have begun and ended. They end by a
 * switchover or because their primary goes too; then too few nodes are left, until one of those that are away returns.
 */
export function holdDown(seen: Seen, random: () => number): Fault {
  const others = [...seen.first, ...seen.first, ...seen.second].filter((n) => n !== seen.primary);
  const held = random() < 0.6 ? seen.primary : pick(others, random);
  const plan = new Plan(seen.first.length, random);
  const wanted = random() < 0.5 ? 1 : 2;
  const may = { swap: true, outage: true };
  plan.remove("held", { votes: seen.first.includes(held), leads: held === seen.primary });
  while (plan.passed < wanted) {
    if (plan.present < 2) recover(plan, may);
    else if (plan.chance(0.35)) plan.switchover();
    else if (plan.present === 2 && plan.chance(0.15)) plan.remove("standby");
    else plan.remove("primary");
  }
  while (plan.away.length > 0) {
    if (plan.chance(0.3)) plan.wait();
    plan.returnOne();
  }
  return { kind: "hold-down", targets: [held], from: [], lastsMs: 0, steps: plan.steps };
}
