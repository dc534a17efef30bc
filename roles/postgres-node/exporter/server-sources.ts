// PURE: what is read of a server and its databases, under the names, types and labels of postgres_exporter 0.17, which
// dashboards and alerts know (https://github.com/prometheus-community/postgres_exporter).
// Values are cast to float8, labels to text. What was never reset or done has the time 0 there, so it has here.
import { columnsOf, currentLsn as current, type Source } from "./source.ts";

const statics: Source = {
  name: "static",
  slow: true,
  server: true,
  labels: ["version", "short_version"],
  sql: `select version() as version, 1::float8 as static,
      format('%s.%s.0', v / 10000, v % 10000) as short_version
    from (select current_setting('server_version_num')::int as v) as n`,
  columns: [{ name: "pg_static", type: "untyped", help: "Version of the server, as labels", column: "static" }],
};

const database: Source = {
  name: "database",
  slow: true,
  labels: ["datname"],
  sql:
    `select datname, pg_database_size(oid)::float8 as size_bytes, datconnlimit::float8 as connection_limit from pg_database`,
  columns: columnsOf("pg_database_", "gauge", {
    size_bytes: "Size of the database, bytes",
    connection_limit: "Connections that the database allows, -1 for no limit",
  }),
};

const locks: Source = {
  name: "locks",
  labels: ["datname", "mode"],
  sql: `select d.datname, m.mode, count(l.locktype)::float8 as count
    from pg_database d
      cross join unnest(array['accesssharelock', 'rowsharelock', 'rowexclusivelock', 'shareupdateexclusivelock', 'sharelock',
        'sharerowexclusivelock', 'exclusivelock', 'accessexclusivelock', 'sireadlock']) as m(mode)
      left join pg_locks l on l.database = d.oid and lower(l.mode) = m.mode
    group by 1, 2`,
  columns: columnsOf("pg_locks_", "gauge", { count: "Locks held or awaited" }),
};

const replication: Source = {
  name: "replication",
  labels: [],
  sql: `select pg_is_in_recovery() as is_replica,
      coalesce(greatest(0, extract(epoch from now() - pg_last_xact_replay_timestamp())), 0)::float8 as last_replay_seconds`,
  columns: columnsOf("pg_replication_", "gauge", {
    is_replica: "1 on a standby",
    last_replay_seconds: "Age of the last replayed commit, seconds",
  }),
};

const roles: Source = {
  name: "roles",
  slow: true,
  labels: ["rolname"],
  sql: `select rolname, rolconnlimit::float8 as connection_limit from pg_roles`,
  columns: columnsOf("pg_roles_", "gauge", {
    connection_limit: "Connections that the role may have, -1 for no limit",
  }),
};

const wal: Source = {
  name: "wal",
  labels: [],
  sql: `select count(*)::float8 as segments, coalesce(sum(size), 0)::float8 as size_bytes
    from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'`,
  columns: columnsOf("pg_wal_", "gauge", { segments: "Files of WAL", size_bytes: "Size of the files of WAL, bytes" }),
};

const activity: Source = {
  name: "stat_activity",
  server: true,
  labels: [
    "datname",
    "state",
    "usename",
    "application_name",
    "backend_type",
    "wait_event_type",
    "wait_event",
  ],
  sql: `select d.datname, s.state, a.usename::text, a.application_name, a.backend_type, a.wait_event_type, a.wait_event,
      count(a.pid)::float8 as count,
      coalesce(max(extract(epoch from now() - a.xact_start)), 0)::float8 as max_tx_duration
    from pg_database d
      cross join unnest(array['active', 'idle', 'idle in transaction', 'idle in transaction (aborted)',
        'fastpath function call', 'disabled']) as s(state)
      left join pg_stat_activity a on a.datname = d.datname and a.state = s.state
    group by 1, 2, 3, 4, 5, 6, 7`,
  columns: columnsOf("pg_stat_activity_", "gauge", {
    count: "Connections in this state",
    max_tx_duration: "Age of the longest transaction among them, seconds",
  }),
};

const sender: Source = {
  name: "stat_replication",
  server: true,
  labels: ["application_name", "client_addr", "state", "slot_name"],
  sql: `select r.application_name, host(r.client_addr) as client_addr, r.state, s.slot_name::text,
      pg_wal_lsn_diff(${current}, '0/0')::float8 as pg_current_wal_lsn_bytes,
      pg_wal_lsn_diff(${current}, r.replay_lsn)::float8 as pg_wal_lsn_diff,
      extract(epoch from r.reply_time)::float8 as reply_time
    from pg_stat_replication r left join pg_replication_slots s on s.active_pid = r.pid`,
  columns: columnsOf("pg_stat_replication_", "gauge", {
    pg_current_wal_lsn_bytes: "End of the server's WAL, as bytes since 0/0",
    pg_wal_lsn_diff: "WAL that the standby has not replayed, bytes",
  }).concat(columnsOf("pg_stat_replication_", "untyped", {
    reply_time: "When the standby sent its last reply, seconds since the epoch",
  })),
};

const archiver: Source = {
  name: "stat_archiver",
  server: true,
  labels: [],
  sql: `select archived_count::float8, failed_count::float8,
      extract(epoch from now() - last_archived_time)::float8 as last_archive_age from pg_stat_archiver`,
  columns: [
    ...columnsOf("pg_stat_archiver_", "counter", {
      archived_count: "WAL files that archive_command has archived",
      failed_count: "Attempts of archive_command that failed",
    }),
    ...columnsOf("pg_stat_archiver_", "gauge", {
      last_archive_age: "Time since archive_command archived a file, seconds",
    }),
  ],
};

const postmaster: Source = {
  name: "postmaster",
  labels: [],
  sql: `select extract(epoch from pg_postmaster_start_time())::float8 as start_time_seconds`,
  columns: columnsOf("pg_postmaster_", "gauge", { start_time_seconds: "Start of the server, seconds since the epoch" }),
};

const wraparound: Source = {
  name: "database_wraparound",
  slow: true,
  labels: ["datname"],
  sql:
    `select datname, age(datfrozenxid)::float8 as age_datfrozenxid_seconds, mxid_age(datminmxid)::float8 as age_datminmxid_seconds
    from pg_database where datallowconn`,
  // the exporter calls transactions seconds
  columns: columnsOf("pg_database_wraparound_", "gauge", {
    age_datfrozenxid_seconds:
      "Transactions since the oldest row that is not frozen; PostgreSQL stops at two thousand million",
    age_datminmxid_seconds: "Multixacts since the oldest one in use",
  }),
};

/** Those that are used most; a sequence that has never been used is left out. */
const sequences: Source = {
  name: "sequences",
  slow: true,
  privileged: true,
  labels: ["datname", "schemaname", "sequencename"],
  sql: `select current_database()::text as datname, schemaname::text, sequencename::text,
      case when increment_by > 0 then (last_value::float8 - min_value) / nullif(max_value::float8 - min_value, 0)
        else (max_value::float8 - last_value) / nullif(max_value::float8 - min_value, 0) end as used
    from pg_sequences where last_value is not null and not cycle order by used desc nulls last limit 20`,
  columns: [{
    name: "postdock_sequence_used_ratio",
    type: "gauge",
    help: "Share of the numbers of a sequence that are used; at 1 it has no more",
    column: "used",
  }],
};

/** Sources about the server, its databases, connections and replication. */
export const serverSources: readonly Source[] = [
  statics,
  database,
  locks,
  replication,
  roles,
  wal,
  activity,
  sender,
  archiver,
  postmaster,
  wraparound,
  sequences,
];
