// PURE: every metric of the barman container. The names without postdock_ are those of 1.x. What could not be seen is left
// out, never zero; barman_check_is_ok alone is 0 then.
import { type EventMetrics, type Gauge, gauge } from "../../../core/words/metric.ts";
import { finishedBackups } from "../decide/catalog.ts";
import { receives } from "../decide/health.ts";
import type { BarmanState, Catalog } from "../decide/view.ts";

/** What the role knows, and the clock's milliseconds now. */
export interface BarmanMetricsView {
  state: BarmanState;
  nowMs: number;
}

/** Read at each scrape. */
export const barmanGauges: readonly Gauge<BarmanMetricsView>[] = [
  gauge(
    "barman_check_is_ok",
    "1 if the last barman check passed, 0 if it failed, could not run or has not run yet",
    ({ state }) => state.check?.failures?.length === 0,
  ),
  ...catalogGauges(),
  ...diskGauges(),
  gauge("postdock_barman_receiving", "1 while WAL is being received", ({ state }) => receives(state)),
  gauge(
    "postdock_barman_primary_seen_seconds_ago",
    "Seconds since a primary was last in sight",
    ({ state, nowMs }) => state.primarySeenMs === null ? null : (nowMs - state.primarySeenMs) / 1000,
  ),
  gauge(
    "postdock_barman_backup_running",
    "1 while the role takes a base backup",
    ({ state }) => state.backup.runningSinceMs !== null,
  ),
  gauge(
    "postdock_barman_next_backup_time_seconds",
    "When the next base backup is due",
    ({ state }) => state.backup.nextWallMs === null ? null : state.backup.nextWallMs / 1000,
  ),
];

/** What is counted where it happens. */
export function barmanEvents(metrics: EventMetrics) {
  return {
    walGap: metrics.counter(
      "postdock_barman_wal_gaps_total",
      "Breaks in the WAL history since this container started; each cost the recoverable time within it",
    ),
  };
}

export type BarmanEvents = ReturnType<typeof barmanEvents>;

function catalogGauges(): Gauge<BarmanMetricsView>[] {
  const of = (name: string, help: string, read: (catalog: Catalog) => number | null | undefined) =>
    gauge<BarmanMetricsView>(name, help, ({ state }) => state.catalog === null ? null : read(state.catalog) ?? null);
  const total = ({ newest }: Catalog) => newest === null ? null : newest.endSeconds - newest.beginSeconds;
  return [
    of("barman_backups_amount", "Finished base backups", (c) => finishedBackups(c.backups).length),
    of("barman_last_backup_start_time_seconds", "When the newest base backup began", (c) => c.newest?.beginSeconds),
    of("barman_last_backup_end_time_seconds", "When the newest base backup ended", (c) => c.newest?.endSeconds),
    of("barman_last_backup_size_bytes", "Size of the newest base backup, without WAL", (c) => c.newest?.sizeBytes),
    of("barman_last_backup_duration_total_seconds", "How long the newest base backup took", total),
    of("barman_last_backup_duration_copy_seconds", "How long its copy took", (c) => c.newest?.copySeconds),
    of(
      "barman_oldest_backup_end_time_seconds",
      "When the oldest base backup ended: as far back as the cluster can be restored",
      (c) => finishedBackups(c.backups)[0]?.endSeconds,
    ),
    of(
      "postdock_barman_backups_failed",
      "Base backups that failed and have not been followed by a good one",
      (c) => c.backups.filter((b) => b.status === "FAILED").length,
    ),
  ];
}

/** Both names that 1.x gave these: the one it exported and the one it documented. */
function diskGauges(): Gauge<BarmanMetricsView>[] {
  const free = "Free bytes of the file system of BACKUP_DIR";
  const used = "Used bytes of the file system of BACKUP_DIR";
  return ["barman_disk", "barman_backup_disk"].flatMap((prefix) => [
    gauge<BarmanMetricsView>(`${prefix}_free_bytes`, free, ({ state }) => state.disk?.freeBytes ?? null),
    gauge<BarmanMetricsView>(`${prefix}_used_bytes`, used, ({ state }) => state.disk?.usedBytes ?? null),
  ]);
}
