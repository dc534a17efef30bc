// PURE: backups of which a verification has failed. An incremental one shares files with all that build on the same full one, so
// what is wrong may be in any of them.

/** Why the last verification of a backup failed, by its id. */
export type Failures = Readonly<Record<string, string>>;

interface Placed {
  id: string;
  /** the backup that it builds on; null: it is a full one */
  parent: string | null;
}

/** The full backup at which this one begins. */
function rootOf(id: string, backups: readonly Placed[]): string {
  const parent = backups.find((b) => b.id === id)?.parent ?? null;
  return parent === null || parent >= id ? id : rootOf(parent, backups); // ids are times: a parent is older
}

/** The failures after another verification. A success clears all that builds on the same full backup. */
export function withResult(
  failures: Failures,
  { backup, error }: { backup: string; error: string | null },
  backups: readonly Placed[],
): Failures {
  const root = rootOf(backup, backups);
  const kept = Object.entries(failures).filter(([id]) =>
    backups.some((b) => b.id === id) && (error !== null || rootOf(id, backups) !== root)
  );
  return Object.fromEntries(error === null ? kept : [...kept, [backup, error]]);
}

/** Why a backup is not to be used without being named; null: no verification of it, or of its relatives, has failed. */
export function doubtOf(id: string, failures: Failures, backups: readonly Placed[]): string | null {
  const root = rootOf(id, backups);
  const found = Object.entries(failures).find(([failed]) => rootOf(failed, backups) === root);
  return found === undefined ? null : `the verification of ${found[0]} failed: ${found[1]}`;
}
