// PURE: what the dashboards that people have ask of Prometheus: the names, the labels by which they choose, and whether they want
// the rate. The expressions are made from that.

interface Asked {
  /** series of which the rate is shown, or the value; separated by white space */
  rates?: string;
  values?: string;
  /** the labels by which they are chosen */
  by: string;
  /** what else the dashboard says about the label `state`, or about the result */
  more?: string;
  compared?: string;
}

export interface PublicDashboard {
  title: string;
  /** where its JSON is */
  source: string;
  asked: readonly Asked[];
}

const rows = ["fetched", "inserted", "updated", "deleted", "returned"].map((what) => `pg_stat_database_tup_${what}`);
const settings =
  `effective_cache_size_bytes maintenance_work_mem_bytes max_connections max_parallel_workers max_wal_size_bytes
  max_worker_processes random_page_cost seq_page_cost shared_buffers_bytes work_mem_bytes`;
const prefixed = (prefix: string, names: string) => names.split(/\s+/).map((name) => prefix + name).join(" ");
const buffers = prefixed(
  "pg_stat_bgwriter_buffers_",
  "alloc_total backend_fsync_total backend_total checkpoint_total clean_total",
);

export const publicDashboards: readonly PublicDashboard[] = [
  {
    title: "PostgreSQL Database (9628)",
    source: "https://github.com/lstn/misc-grafana-dashboards",
    asked: [
      {
        by: "release instance",
        rates: "process_cpu_seconds_total process_resident_memory_bytes process_virtual_memory_bytes",
        values: "pg_static process_open_fds pg_postmaster_start_time_seconds",
      },
      {
        by: "instance",
        rates: `${buffers} ${prefixed("pg_stat_bgwriter_checkpoint_", "sync_time_total write_time_total")}`,
        values: prefixed("pg_settings_", settings),
      },
      {
        by: "instance datname",
        rates: prefixed("pg_stat_database_", "conflicts deadlocks temp_bytes xact_commit xact_rollback"),
        values: "pg_stat_database_blks_hit pg_stat_database_blks_read",
      },
      { by: "instance datname", values: rows.join(" "), compared: "!= 0" },
      { by: "instance datname", values: "pg_locks_count", more: ', mode=~".+"', compared: "!= 0" },
      { by: "instance datname", values: "pg_stat_activity_count", more: ', state="active"', compared: "!= 0" },
      { by: "instance datname", values: "pg_stat_activity_count", more: ', state=~"idle|idle in transaction"' },
    ],
  },
  {
    title: "PostgreSQL overview (14114)",
    source: "https://github.com/prometheus-community/postgres_exporter",
    asked: [
      { by: "job instance", rates: buffers },
      {
        by: "job instance datname",
        rates: [...rows, ...prefixed("pg_stat_database_", "blks_hit blks_read xact_commit xact_rollback").split(" ")]
          .join(" "),
        values: prefixed("pg_stat_database_", "numbackends conflicts deadlocks"),
      },
    ],
  },
  {
    title: "pgpool2_exporter's own",
    source: "https://github.com/pgpool/pgpool2_exporter",
    asked: [
      {
        by: "",
        values: prefixed(
          "pgpool2_",
          "frontend_total frontend_used frontend_used_ratio pool_cache_cache_hit_ratio pool_nodes_status",
        ),
      },
      {
        by: "hostname",
        values: `pgpool2_pool_nodes_replication_delay ${
          prefixed(
            "pgpool2_pool_backend_stats_",
            "ddl_cnt delete_cnt error_cnt fatal_cnt insert_cnt other_cnt panic_cnt select_cnt update_cnt",
          )
        } ${
          prefixed(
            "pgpool2_pool_health_check_stats_",
            `average_duration average_retry_count fail_count max_duration max_retry_count min_duration retry_count
              skip_count success_count total_count`,
          )
        }`,
      },
    ],
  },
];

/** The expressions of a dashboard, with its variables: `$instance`, `$datname`, `$job`, `$release`, `$hostname`. */
export function expressionsOf({ asked }: PublicDashboard): string[] {
  const words = (text = "") => text.split(/\s+/).filter((word) => word !== "");
  return asked.flatMap(({ rates, values, by, more = "", compared = "" }) => {
    const chosen = words(by).map((label) => `${label}${label === "release" ? "=" : "=~"}"$${label}"`).join(", ");
    return [
      ...words(rates).map((name) => `irate(${name}{${chosen}}[5m])`),
      ...words(values).map((name) => `${name}{${chosen}${more}} ${compared}`.trim()),
    ];
  });
}
