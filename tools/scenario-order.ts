// PURE: which scenarios run first, which share the example cluster, and which may run beside another one.

/**
 * Scenarios with clusters of their own and without a short time to keep, which run two at a time: most of their time they wait
 * for clusters to start and for backups. The longest stand first, so that no lane is left with a long one at the end; but last the
 * one for which an S3 server is built beside the others, the first time.
 */
export const patient: readonly string[] = [
  "restores-reach-back-over-failovers-and-restores",
  "backups-bear-cuts-full-disks-and-absence",
  "a-moment-is-restored",
  "a-restore-survives-interruptions",
  "a-restore-brings-tablespaces-back",
  "a-backup-right-after-a-switchover-succeeds",
  "odd-names-and-passwords-work-from-files",
  "a-1x-compose-file-runs-with-new-images",
  "a-flipped-byte-in-a-backup-is-found",
  "the-first-backup-comes-by-itself",
  "a-backup-spares-the-primary",
  "one-container-has-a-volume-at-a-time",
  "the-primary-runs-alone-with-backup",
  "the-object-store-replaces-all-volumes",
];

/** What creates the example cluster for those that share it, and what then waits until barman has a backup of it. */
const opening = ["the-cluster-starts-in-reverse-order", "barman-takes-a-backup"];

/** The only one that needs an S3 server. */
export const needsStore = (scenario: string): boolean => scenario === "the-object-store-replaces-all-volumes";

/** The groups of scenarios, in this order. */
export interface Order {
  /** two at a time, each with clusters of its own: what is built beside them delays nothing that is measured */
  patient: string[];
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
    shared: names.filter(isShared),
    alone: names.filter((name) => !isShared(name) && !patient.includes(name)),
  };
}

/** How long each scenario took, the longest first. */
export function timesText(seconds: ReadonlyMap<string, number>): string {
  const rows = [...seconds].toSorted(([, a], [, b]) => b - a);
  return rows.map(([name, s]) => `${String(Math.round(s)).padStart(5)} s  ${name}`).join("\n");
}
