// PURE: the faults of a chaos run, chosen by a seeded generator; the same seed and the same cluster give the same faults.
// Each fault says whom it strikes and, where it cuts the network, which group is cut from which.

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
  /** of a step of the wall clock, forwards or backwards and at the end back again, seconds */
  stepSeconds?: number;
  /** strikes another node when half of this one's time is over, and ends with it */
  second?: Fault;
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

/** The furthest step of a clock, seconds: what the cluster bears between two nodes is 15 minutes. */
const furthestStep = 600;

/** Kinds of which two may strike two nodes at once: their ends do not depend on what the other did to a container. */
const doubled: readonly FaultKind[] = [
  "kill",
  "stop",
  "kill-postmaster",
  "freeze",
  "freeze-agent",
  "freeze-postmaster",
  "freeze-repmgrd",
];
const doubledShare = 0.4;

/** Kinds that strike one node, whichever: the primary more often than any other. */
const ofOneNode: readonly FaultKind[] = [
  ...doubled,
  "no-dns",
  "slow",
  "isolate",
  "one-way",
  "slow-disk",
  "full-disk",
  "clock",
];

/** Kinds that freeze processes of pgpool: its streaming worker, or the children that serve a session now. */
const ofPool: readonly FaultKind[] = ["freeze-pool-worker", "freeze-pool-sessions"];

const cuts: readonly FaultKind[] = ["isolate", "one-way", "pair", "minority", "majority", "pool-cut", "observers"];

export const isCut = (kind: FaultKind): boolean => cuts.includes(kind);

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!;
}

/** The next fault: the kinds by chance; most last less than a lease, some more than two; some have a second beside them. */
export function nextFault(seen: Seen, random: () => number, kinds: readonly FaultKind[] = faultKinds): Fault {
  const fault = faultOf(pick(kinds, random), seen, random);
  if (!doubled.includes(fault.kind) || random() >= doubledShare) return fault;
  const others = [...seen.first, ...seen.second].filter((n) => !fault.targets.includes(n));
  const kind = pick(doubled, random);
  return { ...fault, second: { kind, targets: [pick(others, random)], from: [], lastsMs: fault.lastsMs / 2 } };
}

/** A fault of this kind on this cluster. */
export function faultOf(kind: FaultKind, seen: Seen, random: () => number): Fault {
  const lastsMs = 2_000 + Math.floor(random() ** 2 * 10_000);
  const nodes = [...seen.first, ...seen.second];
  const all = [...nodes, ...seen.others];
  const against = (targets: string[]): Fault => ({
    kind,
    targets,
    from: all.filter((s) => !targets.includes(s)),
    lastsMs,
  });
  if (kind === "restart-all") return { kind, targets: nodes, from: [], lastsMs: Math.min(lastsMs, 5_000) };
  if (ofPool.includes(kind)) return { kind, targets: ["pgpool"], from: [], lastsMs };
  if (kind === "pool-cut") return { kind, targets: ["pgpool"], from: [seen.primary], lastsMs };
  if (kind === "observers") return { kind, targets: [...seen.others], from: nodes, lastsMs };
  if (kind === "minority") return against([seen.primary, pick(seen.second, random)]);
  if (kind === "kill-two" || kind === "majority") {
    const other = pick(seen.first.filter((n) => n !== seen.primary), random);
    if (kind === "kill-two") return { kind, targets: [seen.primary, other], from: [], lastsMs };
    return against([seen.primary, other, ...(seen.observers ?? []).slice(0, 1)]);
  }
  const target = random() < 0.6 ? seen.primary : pick(nodes.filter((n) => n !== seen.primary), random);
  if (kind === "pair") {
    return { kind, targets: [target], from: [pick(nodes.filter((n) => n !== target), random)], lastsMs };
  }
  if (!ofOneNode.includes(kind)) throw new Error(`No rule for ${kind}`);
  if (kind === "clock") {
    const step = Math.round((random() * 2 - 1) * furthestStep) || 1;
    return { kind, targets: [target], from: [], lastsMs, stepSeconds: step };
  }
  return isCut(kind) ? against([target]) : { kind, targets: [target], from: [], lastsMs };
}

/** Whether asynchronous replication may lose what the primary acknowledged around this fault. */
export function mayLose(fault: Fault, primary: string): boolean {
  const harmless: readonly FaultKind[] = ["stop", ...ofPool, "pool-cut", "observers"];
  if (harmless.includes(fault.kind)) return false;
  return [...fault.targets, ...fault.from].includes(primary);
}

/** The fault in words. */
export function describeFault(fault: Fault, primary: string): string {
  const name = (service: string) => service === primary ? `${service} (primary)` : service;
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
