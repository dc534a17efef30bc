// PURE: gauges of what is measured: the age of backups, the receiver's lag, which moments can be restored, and how old each look is.
import { buildInfo, type Gauge, gauge, gaugeOfEach, tlsGauges, type TlsSeen } from "../../../core/words/metric.ts";
import { lastFailure } from "../decide/backups.ts";
import type { BarmanState } from "../decide/view.ts";

/** What the role knows, the clock's milliseconds now, and milliseconds since 1970. */
export interface BarmanMetricsView {
  state: BarmanState;
  nowMs: number;
  wallMs: number;
  tls: TlsSeen;
}

/** Read at each scrape. */
export const measuredGauges: readonly Gauge<BarmanMetricsView>[] = [
  buildInfo(),
  ...tlsGauges<BarmanMetricsView>((v) => v.tls),
  gauge(
    "postdock_barman_backup_age_seconds",
    "Time since the newest base backup ended, seconds",
    ({ state, wallMs }) => {
      const end = state.catalog?.newest?.endSeconds ?? null;
      return end === null ? null : Math.max(0, wallMs / 1000 - end);
    },
  ),
  gauge(
    "postdock_barman_last_failed_backup_time_seconds",
    "When a base backup has failed last, seconds since the epoch; absent if none has since the start, and the catalog has none",
    ({ state }) => secondsOf(lastFailure(state)?.atMs),
  ),
  gauge(
    "postdock_barman_receiver_lag_bytes",
    "WAL that the primary has flushed and barman has not, bytes",
    ({ state }) => state.lag?.bytes ?? null,
  ),
  gauge(
    "postdock_barman_receiver_lag_seconds",
    "For how long barman has not had all WAL of the primary, seconds; 0 when it has all",
    ({ state }) => state.lag?.seconds ?? null,
  ),
  gauge(
    "postdock_barman_first_recoverable_time_seconds",
    "The first moment that can be restored, seconds since the epoch",
    ({ state }) => secondsOf(state.moments?.firstMs),
  ),
  gauge(
    "postdock_barman_last_recoverable_time_seconds",
    "The last commit that can be restored, seconds since the epoch",
    ({ state }) => secondsOf(state.moments?.lastMs),
  ),
  gauge(
    "postdock_barman_timelines_with_missing_wal",
    "Timelines of which WAL is missing after the oldest backup",
    ({ state }) => state.moments?.gaps ?? null,
  ),
  gaugeOfEach(
    "postdock_metrics_age_seconds",
    "Age of what was last read for these metrics, seconds",
    ["source"],
    ({ state, nowMs }) =>
      Object.entries(readAt(state)).map(([source, atMs]) => ({ labels: { source }, value: (nowMs - atMs) / 1000 })),
  ),
];

const secondsOf = (ms: number | null | undefined) => ms === null || ms === undefined ? null : ms / 1000;

/** When each source was read last, the clock's milliseconds: what has never been read is as old as the role. */
function readAt({ catalog, check, cloud, disk, lag, moments, startedMs }: BarmanState): Record<string, number> {
  const last = { catalog, check, disk, receiver: lag, moments };
  const ages = Object.fromEntries(Object.entries(last).map(([source, read]) => [source, read?.atMs ?? startedMs]));
  return cloud === null ? ages : { ...ages, object_store: Math.max(cloud.readMs, startedMs) };
}
