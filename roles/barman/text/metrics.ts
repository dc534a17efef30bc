// PURE: every metric of the barman container. The names without postdock_ are those of 1.x. A value that could not be seen is
// left out, never zero; only barman_check_is_ok is 0 then.
import { type EventMetrics, type Gauge, gauge } from "../../../core/words/metric.ts";
import { finishedBackups } from "../decide/catalog.ts";
import { receives } from "../decide/health.ts";
import type { Verified } from "../../../core/protocol/verified.ts";
import type { Catalog, CloudState } from "../decide/view.ts";
import { type BarmanMetricsView, measuredGauges } from "./measured-metrics.ts";

/** Read at each scrape. */
export const barmanGauges: readonly Gauge<BarmanMetricsView>[] = [
  gauge(
    "barman_check_is_ok",
    "1 if the last barman check passed, 0 if it failed, could not run or has not run yet",
    ({ state }) => state.check?.failures?.length === 0,
  ),
  ...catalogGauges(),
  ...diskGauges(),
  ...verifyGauges(),
  ...cloudGauges(),
  ...measuredGauges,
  gauge("postdock_barman_receiving", "1 while WAL is received from the primary", ({ state }) => receives(state)),
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
    "postdock_barman_backup_streamed_bytes",
    "What has been copied of the base backup that is under way, bytes",
    ({ state }) => state.backup.progress?.streamedBytes ?? null,
  ),
  gauge(
    "postdock_barman_backup_total_bytes",
    "Size of the cluster of which a base backup is under way, bytes",
    ({ state }) => state.backup.progress?.totalBytes ?? null,
  ),
  gauge(
    "postdock_barman_next_backup_time_seconds",
    "When the next base backup is due, seconds since the epoch",
    ({ state }) => state.backup.nextWallMs === null ? null : state.backup.nextWallMs / 1000,
  ),
];

function verifyGauges(): Gauge<BarmanMetricsView>[] {
  const of = (name: string, help: string, read: (verified: Verified) => number | boolean | null) =>
    gauge<BarmanMetricsView>(name, help, ({ state }) => state.verified === null ? null : read(state.verified));
  return [
    of(
      "postdock_barman_verify_ok",
      "1 if the last verification of a backup found nothing wrong",
      (v) => v.error === null,
    ),
    of(
      "postdock_barman_verify_time_seconds",
      "When a backup was last restored and checked, seconds since the epoch",
      (v) => v.atMs / 1000,
    ),
    of(
      "postdock_barman_verify_duration_seconds",
      "How long that took, seconds; a restore takes about as long",
      (v) => v.tookMs / 1000,
    ),
    of(
      "postdock_barman_verify_reached_time_seconds",
      "The last commit that was there, seconds since the epoch",
      (v) => v.reached === null ? null : Date.parse(v.reached.replace(" ", "T").replace(/\+00$/, "Z")) / 1000,
    ),
  ];
}

function cloudGauges(): Gauge<BarmanMetricsView>[] {
  const of = (name: string, help: string, read: (cloud: CloudState) => number | boolean | null) =>
    gauge<BarmanMetricsView>(name, help, ({ state }) => state.cloud === null ? null : read(state.cloud));
  return [
    of(
      "postdock_barman_cloud_ok",
      "1 while nothing fails at the object store",
      ({ trouble, store }) => trouble.wal === null && trouble.backups === null && (store === null ? null : true),
    ),
    of(
      "postdock_barman_cloud_last_upload_time_seconds",
      "When a file was stored in the object store last, seconds since the epoch",
      (c) => c.lastUploadMs === null ? null : c.lastUploadMs / 1000,
    ),
    of("postdock_barman_cloud_waiting_wal_files", "WAL files that the object store lacks", (c) => c.waitingWal),
    of("postdock_barman_cloud_waiting_backups", "Base backups that the object store lacks", (c) => c.waitingBackups),
    of("postdock_barman_cloud_backups", "Base backups in the object store", (c) => c.store?.backups.length ?? null),
    of(
      "postdock_barman_cloud_newest_backup_time_seconds",
      "When the newest base backup in the object store ended, seconds since the epoch",
      (c) => {
        const micros = c.store?.backups.at(-1)?.record.endMicros ?? null;
        return micros === null ? null : Number(micros) / 1e6;
      },
    ),
  ];
}

/** What is counted where it happens. */
export function barmanEvents(metrics: EventMetrics) {
  return {
    walGap: metrics.counter(
      "postdock_barman_wal_gaps_total",
      "Gaps in the WAL history since this container started; a restore to a time within a gap is impossible",
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
    of(
      "barman_last_backup_start_time_seconds",
      "When the newest base backup began, seconds since the epoch",
      (c) => c.newest?.beginSeconds,
    ),
    of(
      "barman_last_backup_end_time_seconds",
      "When the newest base backup ended, seconds since the epoch",
      (c) => c.newest?.endSeconds,
    ),
    of(
      "barman_last_backup_size_bytes",
      "Size of the newest base backup without WAL, bytes",
      (c) => c.newest?.sizeBytes,
    ),
    of("barman_last_backup_duration_total_seconds", "How long the newest base backup took, seconds", total),
    of(
      "barman_last_backup_duration_copy_seconds",
      "How long the copy of the newest base backup took, seconds",
      (c) => c.newest?.copySeconds,
    ),
    of(
      "barman_oldest_backup_end_time_seconds",
      "When the oldest base backup ended, seconds since the epoch: the earliest time to which a restore is possible",
      (c) => finishedBackups(c.backups)[0]?.endSeconds,
    ),
    of(
      "postdock_barman_backups_failed",
      "Failed base backups in the catalog; each is removed once a newer one has succeeded",
      (c) => c.backups.filter((b) => b.status === "FAILED").length,
    ),
  ];
}

/** Each metric has two names of 1.x: the one that it exported and the one that it documented. */
function diskGauges(): Gauge<BarmanMetricsView>[] {
  const free = "Free bytes of the file system of BACKUP_DIR";
  const used = "Used bytes of the file system of BACKUP_DIR";
  return ["barman_disk", "barman_backup_disk"].flatMap((prefix) => [
    gauge<BarmanMetricsView>(`${prefix}_free_bytes`, free, ({ state }) => state.disk?.freeBytes ?? null),
    gauge<BarmanMetricsView>(`${prefix}_used_bytes`, used, ({ state }) => state.disk?.usedBytes ?? null),
  ]);
}
