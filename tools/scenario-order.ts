// PURE: which scenarios run first, which share the example cluster, and which may run beside another one.

/**
 * Scenarios with clusters of their own and without a short time to keep, which run two at a time: most of their time they wait
 * for clusters to start and for backups. The longest stand first, so that no lane is left with a long one at the end.
 */
export const patient: readonly string[] = [
  "restores-reach-back-over-failovers-and-restores",
  "backups-bear-cuts-full-disks-and-absence",
  "the-object-store-replaces-all-volumes",
  "a-moment-is-restored",
  "a-restore-survives-interruptions",
  "a-restore-brings-tablespaces-back",
  "a-backup-right-after-a-switchover-succeeds",
  "odd-names-and-passwords-work-from-files",
  "a-1x-compose-file-runs-with-new-images",
  "a-flipped-byte-in-a-backup-is-found",
  "the-first-backup-comes-by-itself",
  "a-backup-spares-the-primary",
  "the-primary-runs-alone-with-backup",
];

/** The scenario that creates the example cluster, for those that share it. */
const creator = "the-cluster-starts-in-reverse-order";

/** The only one that needs an S3 server, which is built while the others run, the first time. */
export const needsStore = (scenario: string): boolean => scenario === "the-object-store-replaces-all-volumes";

/** Scenarios that run after one another in these groups. */
export interface Order {
  /** one at a time, in the example cluster, which is not needed after them */
  shared: string[];
  /** one at a time, each in a cluster of its own */
  alone: string[];
  /** two at a time */
  patient: string[];
}

/** The order of scenarios, from the text of each by its name. */
export function orderOf(texts: ReadonlyMap<string, string>): Order {
  const names = [...texts.keys()].toSorted((a, b) =>
    Number(b === creator) - Number(a === creator) || a.localeCompare(b)
  );
  const isShared = (name: string) => name === creator || texts.get(name)!.includes("exampleCluster(");
  return {
    shared: names.filter(isShared),
    alone: names.filter((name) => !isShared(name) && !patient.includes(name)),
    patient: patient.filter((name) => texts.has(name)),
  };
}

/** How long each scenario took, the longest first. */
export function timesText(seconds: ReadonlyMap<string, number>): string {
  const rows = [...seconds].toSorted(([, a], [, b]) => b - a);
  return rows.map(([name, s]) => `${String(Math.round(s)).padStart(5)} s  ${name}`).join("\n");
}
