// Every SQL statement of the barman role, rows parsed. A connection lives for one visit and has a deadline as a whole.
import type { Sql } from "postgres";
import { z } from "zod";
import { parseHistory, type TimelineFork } from "../../../core/postgres/lsn.ts";
import type { Names } from "../../../core/runtime/names.ts";
import { type Login as ServerLogin, withSession } from "../../../core/runtime/session.ts";
import type { ReceiverSeen } from "../decide/receiver-lag.ts";
import type { Slot } from "../decide/slots.ts";
import { historyName, parseWalName, type WalFile } from "../../../core/postgres/wal-name.ts";

export type { Sql };

/** How to log in to a node. */
export interface Login extends ServerLogin {
  /** where the address of the host is known */
  names: Names;
  connectTimeoutSeconds: number;
}

/** Opens one connection, hands it to `work` and closes it, all within `timeoutMs`. */
export function visit<T>(
  { names, connectTimeoutSeconds, ...login }: Login,
  timeoutMs: number,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const settings = { application_name: "postdock_barman", statement_timeout: timeoutMs };
  return withSession(login, { names, deadlineMs: timeoutMs, connectMs: connectTimeoutSeconds * 1000, settings }, work);
}

const SlotRow = z.object({ restart_lsn: z.string().nullable(), active: z.boolean(), lost: z.boolean() });

/** Reads the slot on this node. */
export async function readSlot(sql: Sql, slotName: string): Promise<Slot> {
  const rows = await sql`
    select restart_lsn::text, active, coalesce(wal_status = 'lost', false) as lost
    from pg_replication_slots where slot_name = ${slotName}`;
  if (rows[0] === undefined) return null;
  const row = SlotRow.parse(rows[0]);
  return { restartLsn: row.restart_lsn, active: row.active, lost: row.lost };
}

const ReceiverRow = z.object({
  end_lsn: z.string().nullable(),
  received_lsn: z.string().nullable(),
  flush_lag_ms: z.number().nullable(),
});

/**
 * What a primary knows of the receiver: where its own WAL ends, and up to where it has been received (the receiver says what it has
 * flushed, and the slot keeps that while it is away). Null if the node is not a primary, or there is no slot.
 */
export async function readReceiver(sql: Sql, slotName: string): Promise<Omit<ReceiverSeen, "atMs"> | null> {
  const rows = await sql`
    select case when not pg_is_in_recovery() then pg_current_wal_flush_lsn()::text end as end_lsn,
      greatest(r.flush_lsn, s.restart_lsn)::text as received_lsn,
      (extract(epoch from r.flush_lag) * 1000)::float8 as flush_lag_ms
    from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid
    where s.slot_name = ${slotName}`;
  if (rows[0] === undefined) return null;
  const { end_lsn, received_lsn, flush_lag_ms } = ReceiverRow.parse(rows[0]);
  if (end_lsn === null || received_lsn === null) return null;
  return { endLsn: end_lsn, receivedLsn: received_lsn, flushLagMs: flush_lag_ms };
}

const ProgressRow = z.object({ streamed: z.coerce.number(), total: z.coerce.number().nullable() });

/**
 * What the server has sent of barman's base backup, and the size of all tablespaces, bytes; null if none is under way.
 * barman's pg_basebackup does not ask for an estimate of its own (manual, 27.4.6).
 */
export async function readBackupProgress(
  sql: Sql,
): Promise<{ streamedBytes: number; totalBytes: number | null } | null> {
  const rows = await sql`
    select p.backup_streamed as streamed,
      coalesce(p.backup_total, (select sum(pg_tablespace_size(oid)) from pg_tablespace)) as total
    from pg_stat_progress_basebackup p join pg_stat_activity a using (pid)
    where a.application_name = 'barman_streaming_backup'`;
  if (rows[0] === undefined) return null;
  const { streamed, total } = ProgressRow.parse(rows[0]);
  return { streamedBytes: streamed, totalBytes: total };
}

const TablespaceRow = z.object({ oid: z.string(), name: z.string() });

/** The tablespaces outside the data directory. */
export async function readTablespaces(sql: Sql): Promise<z.infer<typeof TablespaceRow>[]> {
  const rows = await sql`
    select oid::text, spcname as name from pg_tablespace where starts_with(pg_tablespace_location(oid), '/')`;
  return z.array(TablespaceRow).parse([...rows]);
}

/** Makes the slot, which keeps WAL at once. */
export async function createSlot(sql: Sql, slotName: string): Promise<void> {
  await sql`select pg_create_physical_replication_slot(${slotName}, true)`;
}

/** Drops the slot. The caller has logged why. */
export async function dropSlot(sql: Sql, slotName: string): Promise<void> {
  await sql`select pg_drop_replication_slot(${slotName})`;
}

/** Moves the slot forward to an LSN, or as far as this node has replayed. */
export async function advanceSlot(sql: Sql, slotName: string, lsn: string): Promise<void> {
  await sql`select pg_replication_slot_advance(${slotName}, ${lsn}::pg_lsn)`;
}

const PrimaryRow = z.object({
  in_recovery: z.boolean(),
  timeline: z.number().int().nullable(),
  lsn: z.string().nullable(),
  segment_bytes: z.number().int(),
  system_identifier: z.string(),
});

/** Where the WAL of a primary ends now. If `inRecovery`, the node is not a primary, and timeline and LSN are null. */
export interface PrimaryWal {
  inRecovery: boolean;
  timeline: number | null;
  lsn: string | null;
  segmentBytes: number;
  systemIdentifier: string;
}

/** Asks a node whether it is a primary and where its WAL ends. */
export async function readPrimaryWal(sql: Sql): Promise<PrimaryWal> {
  const rows = await sql`
    select r.in_recovery,
      case when not r.in_recovery then ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end as timeline,
      case when not r.in_recovery then pg_current_wal_lsn()::text end as lsn,
      (select setting::int from pg_settings where name = 'wal_segment_size') as segment_bytes,
      (select system_identifier::text from pg_control_system()) as system_identifier
    from (select pg_is_in_recovery() as in_recovery) r`;
  const row = PrimaryRow.parse(rows[0]);
  return {
    inRecovery: row.in_recovery,
    timeline: row.timeline,
    lsn: row.lsn,
    segmentBytes: row.segment_bytes,
    systemIdentifier: row.system_identifier,
  };
}

/** The ancestors of a timeline, from its history file in pg_wal; timeline 1 has none. */
export async function readHistory(sql: Sql, timeline: number): Promise<TimelineFork[]> {
  if (timeline === 1) return [];
  const name = `pg_wal/${historyName(timeline)}`;
  const rows = await sql`select pg_read_file(${name}) as text`;
  return parseHistory(z.object({ text: z.string() }).parse(rows[0]).text);
}

/** The WAL files in pg_wal. */
export async function readWalFiles(sql: Sql, segmentBytes: number): Promise<WalFile[]> {
  const rows = await sql`select name from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' order by name`;
  return rows.flatMap((row) => parseWalName(z.object({ name: z.string() }).parse(row).name, segmentBytes) ?? []);
}

/**
 * Closes the present segment so that the receiver gets all of it. An idle server ends a segment in memory only;
 * the record after the switch makes it flush and send.
 */
export async function closeSegment(sql: Sql): Promise<void> {
  const [has] = await sql`select to_regprocedure('pg_log_standby_snapshot()') is not null as snapshot`;
  // before PostgreSQL 16: the commit of a transaction that changed nothing, for which nobody waits
  const record = () =>
    has?.snapshot === true ? sql`select pg_log_standby_snapshot()` : sql`select pg_current_xact_id()`;
  await record();
  await sql`select pg_switch_wal()`;
  await record();
}
