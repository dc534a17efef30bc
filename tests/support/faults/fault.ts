// PURE: what a fault is: what it strikes, what it may cost, and its words. strike.ts carries it out, and hold-down.ts its steps.
import { describeSteps, type Step } from "./steps.ts";

export const faultKinds = [
  "kill",
  "kill-two",
  "stop",
  "kill-postmaster",
  "freeze",
  "freeze-agent",
  "freeze-postmaster",
  "freeze-repmgrd",
  "freeze-pool-worker",
  "freeze-pool-sessions",
  "isolate",
  "one-way",
  "pair",
  "minority",
  "majority",
  "pool-cut",
  "no-dns",
  "slow",
  "restart-all",
  "slow-disk",
  "full-disk",
  "clock",
  "observers",
  "hold-down",
] as const;
export type FaultKind = typeof faultKinds[number];

export interface Fault {
  kind: FaultKind;
  /** the services it strikes; of a cut, one side */
  targets: string[];
  /** of a cut, the other side */
  from: string[];
  /** how long it lasts, milliseconds */
  lastsMs: number;
  /** for a step of the wall clock: how far, forwards or backwards, seconds; it is undone at the end */
  stepSeconds?: number;
  /** a second fault that strikes another node when half of this one's time is over, and ends with it */
  second?: Fault;
  /** of a fault that holds nodes down while others lead: what is done one after the other; the first one strikes the target */
  steps?: Step[];
}

export interface Seen {
  primary: string;
  /** nodes of the first level, the primary among them: the voters */
  first: readonly string[];
  second: readonly string[];
  /** services that hold no data: pgpool and barman */
  others: readonly string[];
  /** those of them that vote */
  observers?: readonly string[];
}

/** Kinds that freeze processes of pgpool: its streaming worker, or the children that serve a session now. */
export const ofPool: readonly FaultKind[] = ["freeze-pool-worker", "freeze-pool-sessions"];

const cuts: readonly FaultKind[] = ["isolate", "one-way", "pair", "minority", "majority", "pool-cut", "observers"];

export const isCut = (kind: FaultKind): boolean => cuts.includes(kind);

/** Whether asynchronous replication may lose what the primary acknowledged around this fault. */
export function mayLose(fault: Fault, primary: string): boolean {
  const harmless: readonly FaultKind[] = ["stop", ...ofPool, "pool-cut", "observers"];
  if (harmless.includes(fault.kind)) return false;
  return [...fault.targets, ...fault.from].includes(primary);
}

/** The fault in words. */
export function describeFault(fault: Fault, primary: string): string {
  const name = (service: string) => service === primary ? `${service} (primary)` : service;
  if (fault.steps !== undefined) return `${fault.kind}: ${describeSteps(fault.steps, name(fault.targets[0]!))}`;
  const list = fault.targets.length > 3 ? "all nodes" : fault.targets.map(name).join(" and ");
  const rest = fault.from.length === 1
    ? ` from ${name(fault.from[0]!)}`
    : fault.from.length > 1
    ? " from the rest"
    : "";
  const step = fault.stepSeconds === undefined ? "" : ` by ${fault.stepSeconds} s`;
  const second = fault.second === undefined ? "" : `, then ${describeFault(fault.second, primary)}`;
  return `${fault.kind} ${list}${rest}${step} for ${(fault.lastsMs / 1000).toFixed(0)} s${second}`;
}
