// PURE: what pgpool answers to its `show pool_…` commands, as metrics under the names of pgpool2_exporter
// (https://github.com/pgpool/pgpool2_exporter). Its series per process are left out: they have no bound.
import type { Family } from "../../../core/words/family.ts";
import type { Used } from "../decide/sessions.ts";

type Row = Readonly<Record<string, string>>;

const separator = "|";

/** The commands whose answers are read, in the order in which they are asked. */
export const poolShows = ["pool_nodes", "pool_backend_stats", "pool_health_check_stats", "pool_cache"] as const;
type Show = typeof poolShows[number];

/** The arguments of psql for them; each answer begins with its columns and ends with "(N rows)". */
export const showArguments: readonly string[] = [
  "-F",
  separator,
  "-P",
  "footer=on",
  ...poolShows.flatMap((show) => ["-c", `show ${show}`]),
];

/** The rows of each answer. */
export type PoolShows = Readonly<Record<Show, readonly Row[]>>;

/** An answer that is missing or malformed has no rows. */
export function parseShows(stdout: string): PoolShows {
  const answers = stdout.split(/^\(\d+ rows?\)\n?/m).map((answer) => {
    const [columns = [], ...rows] = answer.split("\n").filter((line) => line !== "").map((l) => l.split(separator));
    return rows.filter((row) => row.length === columns.length)
      .map((row) => Object.fromEntries(row.map((value, i) => [columns[i]!, value])));
  });
  // one that fails prints nothing, so each is known by a column that only it has
  const of = (column: string) => answers.find((rows) => rows.some((row) => column in row)) ?? [];
  return {
    pool_nodes: of("replication_delay"),
    pool_backend_stats: of("insert_cnt"),
    pool_health_check_stats: of("retry_count"),
    pool_cache: of("num_cache_hits"),
  };
}

const counts = (names: string) => names.split(" ").map((name) => `${name}_cnt`);
const backendCounters = counts("select insert update delete ddl other panic fatal error");
const healthGauges = [
  ..."total success fail skip retry average_retry max_retry".split(" ").map((name) => `${name}_count`),
  "max_duration",
  "min_duration",
  "average_duration",
];
const cacheGauges = [
  "num_cache_hits",
  "num_selects",
  "cache_hit_ratio",
  "num_hash_entries",
  "used_hash_entries",
  "num_cache_entries",
  "used_cache_entries_size",
  "free_cache_entries_size",
  "fragment_cache_entries_size",
];

/** What pgpool counts of its backends, its health checks and its query cache. */
export function showFamilies(shows: PoolShows): Family[] {
  const labels = ({ hostname = "", port = "", role = "" }: Row) => ({ hostname, port, role });
  const of = (view: Show, type: Family["type"], column: string, help: string): Family => ({
    name: `pgpool2_${view}_${column}`,
    type,
    help,
    samples: shows[view].flatMap((row) => {
      const value = Number(/^-?[\d.]+/.exec(row[column] ?? "")?.[0] ?? NaN);
      return Number.isFinite(value) ? [{ labels: view === "pool_cache" ? {} : labels(row), value }] : [];
    }),
  });
  const status = (view: "pool_backend_stats" | "pool_health_check_stats"): Family => ({
    name: `pgpool2_${view}_status`,
    type: "gauge",
    help: "1 while pgpool sends sessions to the backend",
    samples: shows[view].map((row) => ({
      labels: labels(row),
      value: Number(row.status === "up" || row.status === "waiting"),
    })),
  });
  return [
    of("pool_nodes", "gauge", "replication_delay", "WAL that the standby has not replayed, bytes, as pgpool knows it"),
    of("pool_nodes", "counter", "select_cnt", "Reads that pgpool has sent to the backend"),
    status("pool_backend_stats"),
    ...backendCounters.map((column) =>
      of(
        "pool_backend_stats",
        "counter",
        column,
        `${column.replace("_cnt", "")}: statements or messages of the backend`,
      )
    ),
    status("pool_health_check_stats"),
    ...healthGauges.map((column) =>
      of("pool_health_check_stats", "gauge", column, `${column.replaceAll("_", " ")} of the health check`)
    ),
    ...cacheGauges.map((column) =>
      of("pool_cache", "gauge", column, `${column.replaceAll("_", " ")} of the query cache`)
    ),
  ];
}

/** How full pgpool is; from the titles of its processes. */
export function frontendFamilies(used: readonly Used[], total: number): Family[] {
  const busy = used.reduce((sum, { count }) => sum + count, 0);
  return [
    {
      name: "pgpool2_frontend_used",
      type: "gauge",
      help: "Sessions of pgpool with a client",
      samples: used.map(({ username, database, count }) => ({ labels: { username, database }, value: count })),
    },
    {
      name: "pgpool2_frontend_used_ratio",
      type: "gauge",
      help: "Share of pgpool's sessions that have a client",
      samples: total > 0 ? [{ labels: {}, value: busy / total }] : [],
    },
  ];
}

/** What pgpool answered last. */
export interface ShowsRead {
  /** null if the last attempt failed: what is not known is absent */
  answers: PoolShows | null;
  /** when they were last read, or pgpool had served first: a vain attempt makes nothing younger. The clock's milliseconds */
  atMs: number;
}

/** What is known after an attempt to read, or without one; `answers`: null if there are none. */
export function showsAfter(before: ShowsRead | null, answers: PoolShows | null, nowMs: number): ShowsRead {
  return answers === null ? { answers, atMs: before?.atMs ?? nowMs } : { answers, atMs: nowMs };
}

/** What is known, with its age; nothing before the first attempt. */
export function readFamilies(shows: ShowsRead | null, nowMs: number): Family[] {
  if (shows === null) return [];
  const age: Family = {
    name: "postdock_metrics_age_seconds",
    type: "gauge",
    help: "Age of what was last read from pgpool for these metrics, seconds",
    samples: [{ labels: { source: "show" }, value: (nowMs - shows.atMs) / 1000 }],
  };
  return [...(shows.answers === null ? [] : showFamilies(shows.answers)), age];
}
