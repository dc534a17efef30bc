// What the clients of a run under faults recorded, all on one monotonic clock.
import type { Fault } from "../faults/fault.ts";
import type { Held } from "../faults/steps.ts";

export type Mode = "eventual" | "strict";

/** A write that was acknowledged, with the node and the timeline that it says it was made on. */
export interface Write {
  client: string;
  n: number;
  node: string;
  timeline: number;
  sentMs: number;
  ackMs: number;
}

export interface Read {
  client: string;
  node: string;
  sentMs: number;
  sum: number;
  /** highest number of the watched writer that had been acknowledged when the read was sent, and what it saw */
  required: number;
  seen: number;
}

/** A fault as it happened. */
export interface Struck {
  fault: Fault;
  primary: string;
  beganMs: number;
  /** when it was in force */
  struckMs: number;
  endedMs: number;
  /** time from the end of the fault until the cluster was whole, milliseconds; null: it was never whole */
  recoveryMs: number | null;
  gapMs: number;
  finding: string | null;
  /** of a fault that holds nodes down */
  held?: Held;
}

/** What one node holds when everything has healed. */
export interface Final {
  node: string;
  sum: number;
  /** transfers that are not two halves of one transaction, in words */
  torn: readonly string[];
  /** client and number of every row, as `client/n` */
  rows: ReadonlySet<string>;
}

export interface History {
  mode: Mode;
  writes: readonly Write[];
  reads: readonly Read[];
  struck: readonly Struck[];
  finals: readonly Final[];
  /** the last number that each client sent */
  lastSent: Readonly<Record<string, number>>;
  total: number;
}
