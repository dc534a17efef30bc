// PURE: which backups of the catalog are to be finished, and which removed.
import type { Backup } from "../text/barman-output.ts";

/** A backup that is to be removed, and why. */
export interface Removal {
  id: string;
  because: string;
}

/** Backups whose WAL is to be fetched and checked. */
export const waitingBackups = (backups: readonly Backup[]): string[] =>
  backups.filter((b) => b.status === "WAITING_FOR_WALS").map((b) => b.id);

/** Finished backups, oldest first. */
export const finishedBackups = (backups: readonly Backup[]): Backup[] => backups.filter((b) => b.status === "DONE");

/**
 * Backups to remove: those that the retention policy no longer needs (barman says OBSOLETE); failed ones, and those whose WAL never came,
 * once a newer one has succeeded (until then `barman check` reports them); and, while no backup runs, those that were cut off.
 * While a restore runs, no finished one is removed: with it goes WAL.
 * The newest comes first, since barman removes with a backup all that build on it. If the newest finished one is no longer needed
 * by the policy, it builds on an old one that would go with it, and nothing is removed by the policy.
 */
export function decideRemovals(
  backups: readonly Backup[],
  seen: { backupRuns: boolean | null; givenUp: readonly string[]; restoreRuns: boolean },
): Removal[] {
  const newest = finishedBackups(backups).at(-1);
  const newestDone = newest?.id ?? null;
  const byPolicy = !seen.restoreRuns && newest?.retention !== "OBSOLETE";
  return backups.toReversed().flatMap((b) => {
    if (b.status === "DONE" && b.retention === "OBSOLETE" && byPolicy) {
      return [{ id: b.id, because: "it is older than what is kept (BACKUP_RETENTION_DAYS, BACKUP_RETENTION_COUNT)" }];
    }
    if (b.status === "FAILED" && newestDone !== null && newestDone > b.id) {
      return [{ id: b.id, because: `it failed, and ${newestDone} has succeeded since` }];
    }
    if (b.status === "WAITING_FOR_WALS" && seen.givenUp.includes(b.id) && newestDone !== null && newestDone > b.id) {
      return [{ id: b.id, because: `its last WAL never came, and ${newestDone} has succeeded since` }];
    }
    if ((b.status === "STARTED" || b.status === "EMPTY") && seen.backupRuns === false) {
      return [{ id: b.id, because: "it was cut off: no backup is running" }];
    }
    return [];
  });
}
