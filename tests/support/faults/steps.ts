// PURE: the steps of a fault that holds nodes down while others lead, their words, and a book of what they may have cost.
import { leaseTtlMs } from "../waits.ts";

export type Removal = "kill" | "stop" | "cut";

/** What has to be seen of the primary before a step: it leads, it acknowledges writes, or every node that is up follows it. */
export type Once = "leads" | "writes" | "followed";

/** Which node is the primary, or a standby, is known only when the step is carried out. */
export type Step =
  | { do: "remove"; whom: "held" | "primary" | "standby" | "last"; by: Removal; once: Once }
  | { do: "switchover" }
  | { do: "wait"; ms: number }
  /** `nth` of those that are away, in the order in which they went */
  | { do: "return"; nth: number };

export interface Leadership {
  primary: string;
  timeline: number;
  /** time from the step that made it possible to its first acknowledged write, milliseconds */
  afterMs: number;
}

/** What happened, for the checker. */
export interface Held {
  /** leaderships that acknowledged writes, the one before the fault first */
  leaderships: Leadership[];
  /** a node may have acknowledged in this time what no other node has */
  tails: { node: string; fromMs: number; toMs: number }[];
  /** nothing may have been acknowledged in this time: too few nodes were up */
  quiet: { fromMs: number; toMs: number }[];
}

export interface Kept {
  /** the nodes that may lead, all of them up */
  voters: readonly string[];
  primary: string;
  strict: boolean;
  /** observers vote, so that one node can lead alone */
  observed: boolean;
}

/** In eventual mode a standby that follows has each write after this at the latest, milliseconds. */
export const tailMs = 2_000;

/** Keeps the book while the steps are carried out. A majority is two nodes of three. */
export class Book {
  readonly held: Held = { leaderships: [], tails: [], quiet: [] };
  private readonly up: Set<string>;
  private primary: string;
  /** since when nobody is known to follow the primary; null: somebody does */
  private aloneMs: number | null = null;
  private quietMs: number | null = null;

  constructor(private readonly kept: Kept) {
    this.up = new Set(kept.voters);
    this.primary = kept.primary;
  }

  get voters(): string[] {
    return [...this.up];
  }

  get majority(): boolean {
    return this.up.size >= 2;
  }

  /** This node leads. `sinceMs`: the last step. */
  seen(primary: string, sinceMs: number): void {
    if (primary !== this.primary) this.aloneMs ??= sinceMs;
    this.primary = primary;
  }

  /** This node acknowledges writes. */
  leads(primary: string, timeline: number, sinceMs: number, ackMs: number): void {
    const last = this.held.leaderships.at(-1);
    if (last?.primary === primary && last.timeline === timeline) return;
    this.seen(primary, sinceMs);
    this.held.leaderships.push({ primary, timeline, afterMs: Math.max(0, Math.round(ackMs - sinceMs)) });
  }

  /** Every node that is up follows the primary. */
  followed(primary: string): void {
    this.primary = primary;
    this.aloneMs = null;
  }

  handedOver(atMs: number): void {
    this.aloneMs ??= atMs;
  }

  removed(node: string, by: Removal, beganMs: number, endedMs: number): void {
    if (!this.up.delete(node)) return;
    const wasPrimary = node === this.primary || this.up.size === 0;
    if (wasPrimary && (by !== "stop" || this.aloneMs !== null)) {
      const fromMs = Math.min(this.aloneMs ?? beganMs, beganMs - tailMs);
      this.held.tails.push({ node, fromMs, toMs: endedMs + (by === "cut" ? leaseTtlMs : 0) });
    }
    if (wasPrimary) this.aloneMs = beganMs;
    else if (this.up.size === 1) this.aloneMs ??= beganMs;
    // an acknowledgement needs a standby in strict mode, and a lease that is still in force otherwise
    if (this.up.size === 1) this.quietMs = endedMs + (this.kept.strict ? 0 : leaseTtlMs);
  }

  /** This node begins to return. */
  returned(node: string, atMs: number): void {
    if (!this.kept.voters.includes(node)) return;
    this.up.add(node);
    if (this.up.size < 2 || this.quietMs === null) return;
    const mayBeQuiet = this.kept.strict || !this.kept.observed;
    if (mayBeQuiet && atMs > this.quietMs) this.held.quiet.push({ fromMs: this.quietMs, toMs: atMs });
    this.quietMs = null;
  }
}

/** A step in words. */
function describeStep(step: Step, held: string): string {
  switch (step.do) {
    case "remove": {
      const whom = step.whom === "held" ? held : `the ${step.whom}${step.whom === "last" ? " node" : ""}`;
      const once = step.whom !== "primary" || step.once === "writes"
        ? ""
        : step.once === "leads"
        ? " at once"
        : " later";
      return `${step.by} ${whom}${once}`;
    }
    case "switchover":
      return "switchover";
    case "wait":
      return `wait ${(step.ms / 1000).toFixed(0)} s`;
    case "return":
      return `return ${step.nth + 1}`;
  }
}

export const describeSteps = (steps: readonly Step[], held: string): string =>
  steps.map((step) => describeStep(step, held)).join(", ");
