// PURE: what is known to samples. What could not be seen is left out, never zero; barman_check_is_ok alone is 0 then.
import type { Sample } from "../../../core/words/sample.ts";
import { finishedBackups } from "../decide/catalog.ts";
import { receives } from "../decide/health.ts";
import type { BarmanState } from "../decide/view.ts";

/** All samples of this moment; the names without postdock_ are those of 1.x. */
export function barmanSamples(state: BarmanState, nowMs: number): Sample[] {
  const gauge = (name: string, help: string, value: number | null | undefined): Sample[] =>
    value === null || value === undefined ? [] : [{ name, help, value }];
  return [
    ...gauge(
      "barman_check_is_ok",
      "1 if the last barman check passed, 0 if it failed, could not run or has not run yet",
      state.check?.failures?.length === 0 ? 1 : 0,
    ),
    ...catalogSamples(state, gauge),
    ...diskSamples(state, gauge),
    ...gauge("postdock_barman_receiving", "1 while WAL is being received", receives(state) ? 1 : 0),
    ...gauge(
      "postdock_barman_primary_seen_seconds_ago",
      "Seconds since a primary was last in sight",
      state.primarySeenMs === null ? null : (nowMs - state.primarySeenMs) / 1000,
    ),
    ...gauge(
      "postdock_barman_wal_gaps_total",
      "Breaks in the WAL history since this container started; each cost the recoverable time within it",
      state.walGaps,
    ),
    ...gauge(
      "postdock_barman_backup_running",
      "1 while the role takes a base backup",
      state.backup.runningSinceMs === null ? 0 : 1,
    ),
    ...gauge(
      "postdock_barman_next_backup_time_seconds",
      "When the next base backup is due",
      state.backup.nextWallMs === null ? null : state.backup.nextWallMs / 1000,
    ),
  ];
}

type Gauge = (name: string, help: string, value: number | null | undefined) => Sample[];

function catalogSamples(state: BarmanState, gauge: Gauge): Sample[] {
  const { catalog } = state;
  if (catalog === null) return [];
  const finished = finishedBackups(catalog.backups);
  const newest = catalog.newest;
  const total = newest === null ? null : newest.endSeconds - newest.beginSeconds;
  return [
    ...gauge("barman_backups_amount", "Finished base backups", finished.length),
    ...gauge("barman_last_backup_start_time_seconds", "When the newest base backup began", newest?.beginSeconds),
    ...gauge("barman_last_backup_end_time_seconds", "When the newest base backup ended", newest?.endSeconds),
    ...gauge("barman_last_backup_size_bytes", "Size of the newest base backup, without WAL", newest?.sizeBytes),
    ...gauge("barman_last_backup_duration_total_seconds", "How long the newest base backup took", total),
    ...gauge("barman_last_backup_duration_copy_seconds", "How long its copy took", newest?.copySeconds),
    ...gauge(
      "barman_oldest_backup_end_time_seconds",
      "When the oldest base backup ended: as far back as the cluster can be restored",
      finished[0]?.endSeconds,
    ),
    ...gauge(
      "postdock_barman_backups_failed",
      "Base backups that failed and have not been followed by a good one",
      catalog.backups.filter((b) => b.status === "FAILED").length,
    ),
  ];
}

/** Both names that 1.x gave these: the one it exported and the one it documented. */
function diskSamples(state: BarmanState, gauge: Gauge): Sample[] {
  const { disk } = state;
  const free = "Free bytes of the file system of BACKUP_DIR";
  const used = "Used bytes of the file system of BACKUP_DIR";
  return ["barman_disk", "barman_backup_disk"].flatMap((prefix) => [
    ...gauge(`${prefix}_free_bytes`, free, disk?.freeBytes),
    ...gauge(`${prefix}_used_bytes`, used, disk?.usedBytes),
  ]);
}
