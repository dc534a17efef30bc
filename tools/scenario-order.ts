// PURE: which scenarios run first, which share the example cluster, and which may run beside others.

/**
 * Scenarios with clusters of their own, or without a cluster, and without a short time to keep, which run two at a time: most of
 * their time they wait for clusters to start and for backups. The longest stand first, so that no lane is left with a long one at
 * the end.
 */
export const patient: readonly string[] = [
  "backups-bear-cuts-full-disks-and-absence",
  "restores-reach-back-over-failovers-and-restores",
  "a-restore-survives-interruptions",
  "alerts-fire-and-clear",
  "odd-names-and-passwords-work-from-files",
  "a-moment-is-restored",
  "a-backup-right-after-a-switchover-succeeds",
  "the-object-store-replaces-all-volumes",
  "a-restore-brings-tablespaces-back",
  "the-page-can-be-read-in-every-state",
  "a-backup-spares-the-primary",
  "the-first-backup-comes-by-itself",
  "a-flipped-byte-in-a-backup-is-found",
  "wrong-input-is-refused-and-nothing-touched",
  "one-container-has-a-volume-at-a-time",
  "rules-are-valid-and-own-queries-are-exported",
  "a-1x-compose-file-runs-with-new-images",
  "the-primary-runs-alone-with-backup",
];

/**
 * The same, two at a time, with twice the short times: a primary that lost its lease on a busy machine would spoil what they show.
 * The longest stand first.
 */
export const calm: readonly string[] = [
  "a-swarm-keeps-its-data-through-updates-and-faults",
  "a-rolling-upgrade-loses-nothing",
  "a-node-that-comes-back-later-loses-nothing",
  "a-node-without-its-server-goes-on-voting",
  "a-primary-and-a-standby-die-together",
  "nodes-and-voters-change-one-at-a-time",
  "one-word-encrypts-the-cluster",
  "commits-wait-for-barman",
  "an-impostor-is-not-believed",
  "a-password-changes-without-a-restart",
  "a-full-disk-moves-the-primary",
  "the-replication-role-needs-no-superuser",
  "every-image-runs-without-rights",
  "two-nodes-and-an-observer-fail-over",
];

/** How many run at a time: a machine of two processors is idle for most of the time even then. */
export const lanes = { patient: 2, calm: 2, shared: 1, alone: 1 };

/** LEASE_TTL of the clusters of patient ones: where two clusters start at once, no primary loses its lease by that. */
export const patientLeaseSeconds = 6;

/** What creates the example cluster for those that share it, and what then waits until barman has a backup of it. */
const opening = ["the-cluster-starts-in-reverse-order", "barman-takes-a-backup"];

/** The only one that needs an S3 server. */
export const needsStore = (scenario: string): boolean => scenario === "the-object-store-replaces-all-volumes";

/** The groups of scenarios, in this order. */
export interface Order {
  /** some at a time, each with clusters of its own: what is built beside them delays nothing that is measured */
  patient: string[];
  /** some at a time, each with clusters of its own, and nothing is built beside them */
  calm: string[];
  /** one at a time, in the example cluster, which is not needed after them */
  shared: string[];
  /** one at a time, each in a cluster of its own */
  alone: string[];
}

/** The order of scenarios, from the text of each by its name. */
export function orderOf(texts: ReadonlyMap<string, string>): Order {
  const names = [...new Set([...opening.filter((name) => texts.has(name)), ...[...texts.keys()].toSorted()])];
  const isShared = (name: string) => opening.includes(name) || texts.get(name)!.includes("exampleCluster(");
  return {
    patient: patient.filter((name) => texts.has(name)),
    calm: calm.filter((name) => texts.has(name)),
    shared: names.filter(isShared),
    alone: names.filter((name) => !isShared(name) && !patient.includes(name) && !calm.includes(name)),
  };
}

/** How long each scenario took, the longest first. */
export function timesText(seconds: ReadonlyMap<string, number>): string {
  const rows = [...seconds].toSorted(([, a], [, b]) => b - a);
  return rows.map(([name, s]) => `${String(Math.round(s)).padStart(5)} s  ${name}`).join("\n");
}
