// PURE: the first and the last moment that can be restored, for metrics.
import { microsOf } from "../../../core/words/micros.ts";
import type { Archive } from "./wal-chain.ts";
import { type BackupPlace, recoverable, type Window } from "./recoverable.ts";

/** Times are milliseconds since 1970, null: not known. */
export interface Moments {
  /** when that was read, the clock's milliseconds */
  atMs: number;
  firstMs: number | null;
  /** the last commit on the present timeline */
  lastMs: number | null;
  /** timelines of which WAL is missing after the oldest backup */
  gaps: number;
}

/**
 * Windows that have to be looked at too: after a gap the last moment is reached from the newest backup, while the windows are those of
 * the oldest one.
 */
export function windowsFromNewest(
  windows: readonly Window[],
  backups: readonly BackupPlace[],
  archive: Archive,
): Window[] {
  return recoverable(backups.slice(-1), archive).filter((w) => !windows.some((known) => known.lastWal === w.lastWal));
}

/** The moments. `timed`: all windows, with the last commit in each if it is known; `present`: the timeline that is received. */
export function momentsOf(
  timed: readonly (Window & { toTime: string | null })[],
  backups: readonly BackupPlace[],
  present: number | null,
): Omit<Moments, "atMs"> {
  // a window that does not begin at the end of its backup begins where its timeline does, later than the timeline before it
  const firsts = timed.flatMap(({ backup, fromLsn }) => {
    const micros = backups.find((b) => b.id === backup && b.endLsn === fromLsn)?.endMicros ?? null;
    return micros === null ? [] : [Number(micros / 1000n)];
  });
  const lasts = timed.flatMap(({ timeline, toTime }) => {
    const ms = timeline === present && toTime !== null ? msOf(toTime) : null;
    return ms === null ? [] : [ms];
  });
  return {
    firstMs: firsts.length === 0 ? null : Math.min(...firsts),
    lastMs: lasts.length === 0 ? null : Math.max(...lasts),
    gaps: new Set(timed.filter((w) => w.missing !== null).map((w) => w.timeline)).size,
  };
}

/** "2026-11-22 10:15:00.000000+00" as milliseconds since 1970; null: it is not such a time. */
function msOf(text: string): number | null {
  const [, day, time, fraction = ""] = /^(\S+) (\d\d:\d\d:\d\d)\.?(\d{0,6})\+00$/.exec(text) ?? [];
  const micros = day === undefined ? null : microsOf(`${day}T${time}Z`, fraction);
  return micros === null ? null : Number(micros / 1000n);
}
