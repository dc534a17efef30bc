// PURE: the acts of a soak, chosen by a seeded generator; the same seed and the same cluster give the same acts.

/** A generator of numbers in [0, 1): mulberry32, 32 bits of state, good enough to choose acts. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const actKinds = [
  "kill",
  "stop",
  "restart",
  "kill-postmaster",
  "freeze",
  "cut",
  "wipe",
  "kill-pool",
  "kill-barman",
  "restart-all",
] as const;
export type ActKind = typeof actKinds[number];

export interface Act {
  kind: ActKind;
  /** the nodes that it strikes; empty if it strikes no node */
  targets: string[];
  /** how long the fault lasts, milliseconds */
  lastsMs: number;
}

export interface Seen {
  primary: string;
  /** nodes of the first level, the primary among them */
  first: readonly string[];
  second: readonly string[];
}

/** How often each kind is chosen, relative to the others. */
const weights: Readonly<Record<ActKind, number>> = {
  "kill": 4,
  "stop": 3,
  "restart": 2,
  "kill-postmaster": 2,
  "freeze": 3,
  "cut": 4,
  "wipe": 2,
  "kill-pool": 1,
  "kill-barman": 1,
  "restart-all": 1,
};

const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!;

/** The next act. One act in two strikes the primary; one in five strikes two nodes at once. */
export function nextAct(seen: Seen, random: () => number): Act {
  const kind = pick(actKinds.flatMap((k) => Array.from({ length: weights[k] }, () => k)), random);
  const lastsMs = 1_000 + Math.floor(random() * 12_000);
  if (kind === "kill-pool" || kind === "kill-barman") return { kind, targets: [], lastsMs };
  if (kind === "restart-all") return { kind, targets: [...seen.first, ...seen.second], lastsMs };
  const standbys = [...seen.first, ...seen.second].filter((n) => n !== seen.primary);
  // the volume of an old primary is wiped only after another node leads, as after a kill that is followed by a wipe
  const first = kind === "wipe" || random() < 0.5 ? pick(standbys, random) : seen.primary;
  const others = [...seen.second, ...standbys].filter((n) => n !== first);
  const second = kind !== "wipe" && random() < 0.2 ? [pick(others, random)] : [];
  return { kind, targets: [...new Set([first, ...second])], lastsMs };
}

/** Whether asynchronous replication may lose what was acknowledged just before this act. */
export function mayLose(act: Act, primary: string): boolean {
  return act.kind !== "stop" && act.kind !== "restart" && act.targets.includes(primary);
}
