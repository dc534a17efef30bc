// PURE: the faults of a chaos run, chosen by a seeded generator; the same seed and the same cluster give the same faults.
import { holdDown } from "./hold-down.ts";
import { type Fault, type FaultKind, faultKinds, isCut, ofPool, type Seen } from "../support/faults/fault.ts";

/** The largest step of a clock, seconds; the clocks of two nodes may differ by 15 minutes. */
const furthestStep = 600;

/** Kinds of which two may strike two nodes at once: the end of one does not depend on what the other did to a container. */
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
/** One in so many faults holds nodes down while others lead. */
const heldShare = 0.15;

/** Kinds that strike any one node: the primary more often than the others. */
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

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!;
}

/** The next fault, of a random kind. Most last less than a lease, some more than two; some come with a second fault. */
export function nextFault(seen: Seen, random: () => number, kinds: readonly FaultKind[] = faultKinds): Fault {
  if (kinds.includes("hold-down") && random() < heldShare) return holdDown(seen, random);
  const fault = faultOf(pick(kinds.filter((k) => k !== "hold-down"), random), seen, random);
  if (!doubled.includes(fault.kind) || random() >= doubledShare) return fault;
  const others = [...seen.first, ...seen.second].filter((n) => !fault.targets.includes(n));
  const kind = pick(doubled, random);
  return { ...fault, second: { kind, targets: [pick(others, random)], from: [], lastsMs: fault.lastsMs / 2 } };
}

/** A fault of this kind on this cluster. */
export function faultOf(kind: FaultKind, seen: Seen, random: () => number): Fault {
  if (kind === "hold-down") return holdDown(seen, random);
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
