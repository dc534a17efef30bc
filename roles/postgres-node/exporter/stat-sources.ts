// PURE: the cumulative statistics of a server, under the names, types and labels of postgres_exporter 0.17.
import { hasFeature } from "../../../config/postgres-features.ts";
import { columnsOf, epoch, type Source, type Versions } from "./source.ts";

const floats = (columns: readonly string[]) => columns.map((c) => `${c}::float8`).join(", ");

const bgwriterHelp = {
  buffers_clean: "Buffers written by the background writer",
  maxwritten_clean: "Times the background writer stopped because it had written too many buffers",
  buffers_alloc: "Buffers allocated",
  stats_reset: "When these statistics were reset, seconds since the epoch",
  checkpoints_timed: "Checkpoints that were due",
  checkpoints_req: "Checkpoints that were asked for",
  checkpoint_write_time: "Time in which checkpoints wrote files, milliseconds",
  checkpoint_sync_time: "Time in which checkpoints flushed files, milliseconds",
  buffers_checkpoint: "Buffers written by checkpoints",
  buffers_backend: "Buffers that backends wrote themselves",
  buffers_backend_fsync: "Flushes that backends did themselves",
};

/**
 * PostgreSQL 17 has moved much of pg_stat_bgwriter to pg_stat_checkpointer and pg_stat_io. The older names are filled from
 * there, so that panels that ask for them show data; one published revision of a dashboard asks for buffers_* without _total.
 */
const bgwriter = (versions: Versions): Source => ({
  name: "stat_bgwriter",
  labels: [],
  sql: hasFeature(versions, "stat_checkpointer")
    ? bgwriterSql
    : `select ${floats(Object.keys(bgwriterHelp).filter((c) => c !== "stats_reset"))}, ${
      epoch("stats_reset")
    } as stats_reset from pg_stat_bgwriter`,
  columns: [
    ...columnsOf("pg_stat_bgwriter_", "counter", bgwriterHelp, "_total"),
    ...columnsOf("pg_stat_bgwriter_", "counter", bgwriterHelp).filter(({ column }) => column.startsWith("buffers_")),
  ],
});

const bgwriterSql = `select b.buffers_clean::float8, b.maxwritten_clean::float8, b.buffers_alloc::float8,
      ${epoch("b.stats_reset")} as stats_reset,
      c.num_timed::float8 as checkpoints_timed, c.num_requested::float8 as checkpoints_req,
      c.write_time as checkpoint_write_time, c.sync_time as checkpoint_sync_time,
      c.buffers_written::float8 as buffers_checkpoint, i.writes as buffers_backend, i.fsyncs as buffers_backend_fsync
    from pg_stat_bgwriter b cross join pg_stat_checkpointer c cross join (
      select coalesce(sum(writes), 0)::float8 as writes, coalesce(sum(fsyncs), 0)::float8 as fsyncs
      from pg_stat_io where backend_type not in ('checkpointer', 'background writer') and object = 'relation') i`;

const checkpointerHelp = {
  num_timed: "Checkpoints that were due",
  num_requested: "Checkpoints that were asked for",
  restartpoints_timed: "Restartpoints that were due",
  restartpoints_req: "Restartpoints that were asked for",
  restartpoints_done: "Restartpoints that were performed",
  write_time: "Time in which files were written, milliseconds",
  sync_time: "Time in which files were flushed, milliseconds",
  buffers_written: "Buffers written by checkpoints and restartpoints",
};

const doneHelp = {
  num_done: "Checkpoints that were performed",
  slru_written: "Pages of transaction status and the like written by checkpoints",
};

function checkpointer(versions: Versions): Source {
  const help = { ...checkpointerHelp, ...hasFeature(versions, "checkpoints done") ? doneHelp : {} };
  return {
    name: "stat_checkpointer",
    feature: "stat_checkpointer",
    labels: [],
    sql: `select ${floats(Object.keys(help))}, ${epoch("stats_reset")} as stats_reset from pg_stat_checkpointer`,
    columns: columnsOf(
      "pg_stat_checkpointer_",
      "counter",
      { ...help, stats_reset: bgwriterHelp.stats_reset },
      "_total",
    ),
  };
}

const databaseHelp = {
  xact_commit: "Transactions committed",
  xact_rollback: "Transactions rolled back",
  blks_read: "Blocks read from files",
  blks_hit: "Blocks found in the buffer cache",
  tup_returned: "Rows returned by scans",
  tup_fetched: "Rows fetched by queries",
  tup_inserted: "Rows inserted",
  tup_updated: "Rows updated",
  tup_deleted: "Rows deleted",
  conflicts: "Queries cancelled on a standby since they conflicted with replay",
  temp_files: "Temporary files created",
  temp_bytes: "Bytes written to temporary files",
  deadlocks: "Deadlocks found",
  blk_read_time: "Time in which backends read blocks, milliseconds; 0 without track_io_timing",
  blk_write_time: "Time in which backends wrote blocks, milliseconds; 0 without track_io_timing",
};

const statDatabase: Source = {
  name: "stat_database",
  labels: ["datid", "datname"],
  sql: `select datid::text, datname::text, numbackends::float8, ${floats(Object.keys(databaseHelp))},
      ${epoch("stats_reset")} as stats_reset, active_time / 1000 as active_time_seconds_total
    from pg_stat_database where datname is not null`,
  columns: [
    ...columnsOf("pg_stat_database_", "gauge", { numbackends: "Connections to the database" }),
    ...columnsOf("pg_stat_database_", "counter", {
      ...databaseHelp,
      stats_reset: bgwriterHelp.stats_reset,
      active_time_seconds_total: "Time in which statements ran, seconds",
    }),
  ],
};

const conflictHelp = {
  confl_tablespace: "Queries cancelled on a standby since a tablespace was dropped",
  confl_lock: "Queries cancelled on a standby since a lock was needed",
  confl_snapshot: "Queries cancelled on a standby since their snapshot was too old",
  confl_bufferpin: "Queries cancelled on a standby since a buffer was pinned",
  confl_deadlock: "Queries cancelled on a standby in a deadlock with replay",
};
const slotConflictHelp = { confl_active_logicalslot: "Uses of logical slots cancelled on a standby" };

function conflicts(versions: Versions): Source {
  const ofSlots = hasFeature(versions, "logical slots on standbys") ? slotConflictHelp : {};
  return {
    name: "stat_database_conflicts",
    server: true,
    labels: ["datid", "datname"],
    sql: `select datid::text, datname::text, ${floats(Object.keys({ ...conflictHelp, ...ofSlots }))}
      from pg_stat_database_conflicts`,
    columns: [
      ...columnsOf("pg_stat_database_conflicts_", "counter", conflictHelp),
      ...columnsOf("pg_stat_database_conflicts_", "untyped", ofSlots),
    ],
  };
}

/** Cumulative statistics of the server and its databases. */
export const statSources = (
  versions: Versions,
): readonly Source[] => [bgwriter(versions), checkpointer(versions), statDatabase, conflicts(versions)];
