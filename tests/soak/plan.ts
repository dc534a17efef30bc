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
  "full-disk",
  "no-dns",
  "settings",
  "password",
  "tablespace",
] as const;
export type ActKind = typeof actKinds[number];

/** What must hold after an act, besides what always does: a whole cluster, a complete ledger, known lag, no error of doctor. */
export const promises: Readonly<Partial<Record<ActKind, string>>> = {
  settings: "every node runs with the new max_connections",
  password: "every standby and barman stream with the new REPLICATION_PASSWORD",
  tablespace: "a standby that was cloned again has the rows of the tablespace",
};

/** How the cluster of a run was made: by other arguments of initdb, on small disks, or in containers without what they do not need. */
export const formKinds = ["plain", "large-wal-files", "icu", "small-disks", "hardened"] as const;
export type FormKind = typeof formKinds[number];

/** The acts that a form allows. `disks`: each node has one of its own. */
export function actsOf(form: FormKind, disks: boolean): ActKind[] {
  // the tests' own kill inside a container needs CAP_KILL
  return actKinds.filter((k) => (disks || k !== "full-disk") && (form !== "hardened" || k !== "kill-postmaster"));
}

export interface Act {
  kind: ActKind;
  /** the nodes that it strikes; empty if it strikes no node */
  targets: string[];
  /** how long the fault lasts, milliseconds */
  lastsMs: number;
  /** the new max_connections, or the number of the new password */
  value?: number;
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
  "full-disk": 2,
  "no-dns": 1,
  "settings": 1,
  "password": 1,
  "tablespace": 1,
};

/** Acts on all nodes. */
const ofAll: readonly ActKind[] = ["restart-all", "no-dns", "settings", "password"];
/** Acts that take the volume of their one target, which must not be the only one with the newest data. */
const ofStandby: readonly ActKind[] = ["wipe", "tablespace"];
/** Acts on one or two nodes. */
const ofTwo: readonly ActKind[] = ["kill", "stop", "restart", "kill-postmaster", "freeze", "cut"];

const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!;

/** The next act, of one of these kinds. One act in two strikes the primary; one in five strikes two nodes at once. */
export function nextAct(seen: Seen, random: () => number, kinds: readonly ActKind[] = actKinds): Act {
  const kind = pick(kinds.flatMap((k) => Array.from({ length: weights[k] }, () => k)), random);
  const lastsMs = 1_000 + Math.floor(random() * 12_000);
  if (kind === "kill-pool" || kind === "kill-barman") return { kind, targets: [], lastsMs };
  if (kind === "settings" || kind === "password") {
    return { kind, targets: [...seen.first, ...seen.second], lastsMs, value: 100 + Math.floor(random() * 100) };
  }
  if (ofAll.includes(kind)) return { kind, targets: [...seen.first, ...seen.second], lastsMs };
  const standbys = [...seen.first, ...seen.second].filter((n) => n !== seen.primary);
  // the volume of an old primary is wiped only after another node leads, as after a kill that is followed by a wipe
  const first = ofStandby.includes(kind) || random() < 0.5 ? pick(standbys, random) : seen.primary;
  const others = [...seen.second, ...standbys].filter((n) => n !== first);
  const second = ofTwo.includes(kind) && random() < 0.2 ? [pick(others, random)] : [];
  return { kind, targets: [...new Set([first, ...second])], lastsMs };
}

/** Whether asynchronous replication may lose what was acknowledged just before this act. */
export function mayLose(act: Act, primary: string): boolean {
  const harmless: readonly ActKind[] = ["stop", "restart", "no-dns", "settings", "tablespace"];
  return !harmless.includes(act.kind) && act.targets.includes(primary);
}
