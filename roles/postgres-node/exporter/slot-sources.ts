// PURE: replication slots, under the names of postgres_exporter 0.17, and under those that it has since 0.20.
import { columnsOf, currentLsn as current, type Source } from "./source.ts";

const slots: Source = {
  name: "replication_slot",
  labels: ["slot_name", "slot_type"],
  sql: `select slot_name::text, slot_type, active as is_active,
      pg_wal_lsn_diff(${current}, '0/0')::float8 as current_wal_lsn,
      case when active then pg_wal_lsn_diff(coalesce(confirmed_flush_lsn, '0/0'), '0/0')::float8 end as confirmed_flush_lsn,
      safe_wal_size::float8 as safe_wal_size_bytes
    from pg_replication_slots`,
  columns: ["pg_replication_slot_", "pg_replication_slots_"].flatMap((prefix) => [
    ...columnsOf(`${prefix}slot_`, "gauge", {
      current_wal_lsn: "End of the server's WAL, as bytes since 0/0",
      confirmed_flush_lsn: "What the consumer of an active logical slot has confirmed, as bytes since 0/0",
      is_active: "1 while something reads from the slot",
    }),
    ...columnsOf(prefix, "gauge", {
      safe_wal_size_bytes: "WAL that may still be written before the slot loses what it needs, bytes",
    }),
  ]),
};

const slotStatus: Source = {
  name: "replication_slot_status",
  labels: ["slot_name", "slot_type", "wal_status"],
  sql: `select slot_name::text, slot_type, wal_status, 1::float8 as wal_status_is
    from pg_replication_slots where wal_status is not null`,
  columns: ["pg_replication_slot_wal_status", "pg_replication_slots_wal_status"].map((name) => ({
    name,
    type: "gauge",
    help: "1 for the state of the WAL that the slot needs",
    column: "wal_status_is",
  })),
};

const slotLag: Source = {
  name: "replication_slots",
  server: true,
  labels: ["slot_name", "database"],
  sql:
    `select slot_name::text, database::text, active, pg_wal_lsn_diff(${current}, restart_lsn)::float8 as pg_wal_lsn_diff
    from pg_replication_slots`,
  columns: columnsOf("pg_replication_slots_", "gauge", {
    active: "1 while something reads from the slot",
    pg_wal_lsn_diff: "WAL that the slot keeps, bytes",
  }),
};

/** Sources about replication slots. */
export const slotSources: readonly Source[] = [slots, slotStatus, slotLag];
