// PURE: when a base backup is wanted, and when one that is wanted may begin.
import { nextRunMs } from "../../../config/cron.ts";
import type { Backup } from "../text/barman-output.ts";
import { finishedBackups, waitingBackups } from "./catalog.ts";
import { receives } from "./health.ts";
import type { BarmanState, CheckResult, FailedBackup, ReceivingView } from "./view.ts";

/** Why the first base backup is taken. */
export const firstBackup = "there is no base backup yet, and BACKUP_ON_START is 1";

/** Why one is taken by schedule. It is in no hurry. */
export const scheduled = (schedule: string): string => `BACKUP_SCHEDULE is ${schedule}`;

/** What the decision looks at. Times of the clock in milliseconds, `wallMs` and `nextWallMs` since 1970. */
export interface BackupView {
  /** BACKUP_ON_START=1 */
  onStart: boolean;
  schedule: string;
  wallMs: number;
  /** when the schedule asks for the next one; null: never */
  nextWallMs: number | null;
  /** why one is wanted already, or null */
  wanted: string | null;
  /** the catalog, or null if it has not been read since the last backup */
  backups: readonly Backup[] | null;
}

/** Why a base backup is wanted from now on, or null. The wish stays until a backup has been taken. */
export function wish({ backups, nextWallMs, onStart, schedule, wallMs, wanted }: BackupView): string | null {
  const some = backups !== null && finishedBackups(backups).length + waitingBackups(backups).length > 0;
  // an operator may have taken the first one meanwhile
  if (wanted !== null && !(wanted === firstBackup && some)) return wanted;
  if (nextWallMs !== null && wallMs >= nextWallMs) return scheduled(schedule);
  return onStart && backups !== null && !some ? firstBackup : null;
}

/**
 * Whether one that is wanted may begin: WAL is received, and some of it has been archived. Before that, barman refuses. It is
 * archived within seconds, which the first check sees to.
 */
export function mayBegin(state: ReceivingView & Pick<BarmanState, "check">): boolean {
  return receives(state) && state.check !== null && !lacksArchive(state.check);
}

/** Whether the check fails because no WAL has been archived yet. */
export const lacksArchive = ({ failures }: CheckResult): boolean =>
  failures?.some((f) => f.check === "wal archive") === true;

const firstRetryMs = 10_000;
const longestRetryMs = 1_800_000;

/** The pause after so many failures in a row, milliseconds: 10 s, doubling up to half an hour. */
export function retryPauseMs(failures: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** Math.max(0, failures - 1));
}

type Failures = { backup: Pick<BarmanState["backup"], "failed"> } & Pick<BarmanState, "catalog">;

/** The backup that has failed last; null: none has since the start, and the catalog has none. */
export function lastFailure({ backup, catalog }: Failures): FailedBackup | null {
  // one in the catalog has no end: its id says when it began, in UTC
  const begun = (catalog?.backups ?? []).filter((b) => b.status === "FAILED").flatMap(({ id }) => {
    const [, day, hour, minute, second] = /^(\d{8})T(\d\d)(\d\d)(\d\d)$/.exec(id) ?? [];
    if (day === undefined) return [];
    const date = day.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
    return [{ atMs: Date.parse(`${date}T${hour}:${minute}:${second}Z`), because: `barman has ${id} as failed` }];
  });
  const all = backup.failed === null ? begun : [...begun, backup.failed];
  return all.reduce<FailedBackup | null>((a, b) => a === null || b.atMs >= a.atMs ? b : a, null);
}

/** The last backup, if it failed; null: one has succeeded since. */
export function openFailure(state: Failures): FailedBackup | null {
  const last = lastFailure(state);
  const endSeconds = state.catalog?.newest?.endSeconds ?? null;
  return last !== null && (endSeconds === null || last.atMs > endSeconds * 1000) ? last : null;
}

/** For how long one that the schedule has asked for since the newest one ended has been missing, milliseconds. */
export function overdueMs(schedule: string, newestEndMs: number, wallMs: number): number {
  const dueMs = nextRunMs(schedule, newestEndMs);
  return dueMs === null ? 0 : Math.max(0, wallMs - dueMs);
}
