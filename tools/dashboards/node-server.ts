// PURE: the panels of a node's dashboard about the work and the space of its server.
import type { Panel } from "./panel.ts";

/** A series of the chosen node. */
export const of = (name: string, more = "") => `${name}{cluster="$cluster",instance="$instance"${more}}`;
export const perSecond = (name: string) => `rate(${of(name)}[$__rate_interval])`;
/** The sum over all databases. */
export const ofAll = (name: string) => `sum(${perSecond(`pg_stat_database_${name}`)})`;

/** What it is asked, and what it does for that. */
export const load: readonly Panel[] = [
  {
    title: "Transactions",
    description: "Committed and rolled back, all databases.",
    kind: "graph",
    unit: "ops",
    queries: { [ofAll("xact_commit")]: "committed", [ofAll("xact_rollback")]: "rolled back" },
    width: 8,
  },
  {
    title: "Rows",
    description: "Rows that statements read and changed, all databases.",
    kind: "graph",
    unit: "ops",
    queries: Object.fromEntries(
      ["fetched", "returned", "inserted", "updated", "deleted"].map((what) => [ofAll(`tup_${what}`), what]),
    ),
    width: 8,
  },
  {
    title: "Sessions by state",
    description: "Sessions that are idle in a transaction keep its locks.",
    kind: "graph",
    queries: {
      [`sum by (state) (${of("pg_stat_activity_count")})`]: "{{state}}",
      [of("pg_settings_max_connections")]: "max_connections",
    },
    width: 8,
  },
  {
    title: "Locks",
    description: "Held or awaited, by their mode.",
    kind: "graph",
    queries: { [`sum by (mode) (${of("pg_locks_count")})`]: "{{mode}}" },
    stacked: true,
    width: 8,
  },
  {
    title: "Deadlocks, conflicts, temporary files",
    description: "Conflicts: queries that a standby cancelled since they were in the way of replay.",
    kind: "graph",
    unit: "ops",
    queries: {
      [ofAll("deadlocks")]: "deadlocks",
      [ofAll("conflicts")]: "conflicts",
      [ofAll("temp_files")]: "temporary files",
    },
    width: 8,
  },
  {
    title: "Buffers written",
    description: "By checkpoints, by the background writer, and by sessions themselves, which slows them down.",
    kind: "graph",
    unit: "ops",
    queries: {
      [perSecond("pg_stat_bgwriter_buffers_checkpoint_total")]: "checkpoints",
      [perSecond("pg_stat_bgwriter_buffers_clean_total")]: "background writer",
      [perSecond("pg_stat_bgwriter_buffers_backend_total")]: "sessions",
    },
    stacked: true,
    width: 8,
  },
];

/** What it keeps, and what comes to an end one day. */
export const space: readonly Panel[] = [
  {
    title: "Databases",
    description: "Size of each.",
    kind: "graph",
    unit: "bytes",
    queries: { [of("pg_database_size_bytes")]: "{{datname}}" },
    stacked: true,
    width: 8,
  },
  {
    title: "WAL on the volume",
    description: "Files of WAL, and what each slot keeps for its consumer.",
    kind: "graph",
    unit: "bytes",
    queries: {
      [of("pg_wal_size_bytes")]: "files of WAL",
      [of("pg_replication_slots_pg_wal_lsn_diff")]: "slot {{slot_name}}",
    },
    width: 8,
  },
  {
    title: "Volume",
    description: "Of the data directory.",
    kind: "graph",
    unit: "bytes",
    queries: { [of("postdock_disk_free_bytes")]: "free", [of("postdock_disk_total_bytes")]: "size" },
    width: 8,
  },
  {
    title: "Dead rows of the largest tables",
    description: "VACUUM removes them, unless an old transaction, a slot or a prepared transaction keeps it from that.",
    kind: "graph",
    queries: { [`topk(5, ${of("pg_stat_user_tables_n_dead_tup")})`]: "{{schemaname}}.{{relname}}" },
    none: "no table",
    width: 8,
  },
  {
    title: "Transactions until wraparound",
    description:
      "Transactions since the oldest row that is not frozen. At two thousand million PostgreSQL refuses writes.",
    kind: "graph",
    unit: "short",
    queries: { [of("pg_database_wraparound_age_datfrozenxid_seconds")]: "{{datname}}" },
    colours: [["green"], ["red", 1e9]],
    width: 8,
  },
  {
    title: "Sequences",
    description: "Share of the numbers of a sequence that are used, for those that are used most.",
    kind: "graph",
    unit: "percentunit",
    queries: { [`topk(5, ${of("postdock_sequence_used_ratio")})`]: "{{schemaname}}.{{sequencename}}" },
    colours: [["green"], ["red", 0.8]],
    none: "no sequence",
    max: 1,
    width: 8,
  },
];
