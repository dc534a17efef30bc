// Every SQL statement of the node, except those on repmgr's tables (repmgr-queries.ts), with bound values and parsed rows.
// No other file of this role uses the postgres driver; sessions with other nodes are opened in core/runtime/session.ts.
// porsager/postgres has no query timeout of its own, so each query is raced against a deadline.
import postgres from "postgres";
import { z } from "zod";
import type { Names } from "../../../core/runtime/names.ts";
import { type Login, withSession } from "../../../core/runtime/session.ts";
import { withDeadline } from "../../../core/runtime/time.ts";
import { historyName } from "../../../core/postgres/wal-name.ts";
import { ownSession, type Versions } from "../text/own-session.ts";
import { conninfoValue } from "../../../core/postgres/conninfo.ts";
import { parseHistory, type TimelineFork } from "../../../core/postgres/lsn.ts";
import type { Downstream, Upstream } from "../decide/server-seen.ts";

export type Sql = postgres.Sql;

const local = { host: "/var/run/postgresql/.s.PGSQL.5432", path: "/var/run/postgresql/.s.PGSQL.5432" };
/** How long a connection to another node may take, milliseconds. */
const connectMs = 3_000;
const common = { max: 1, idle_timeout: 0, connect_timeout: 5, onnotice: () => {}, fetch_types: false, prepare: false };

/** A connection to the node's own server over the socket, as the superuser postgres, with settings of the session. */
export function connectLocal(
  database: string,
  { imageVersions }: { imageVersions: Versions },
  connection: Readonly<Record<string, string | number>> = {},
  user = "postgres",
): Sql {
  return postgres({
    ...common,
    ...local,
    connection: { ...ownSession(imageVersions), ...connection },
    user,
    database,
    password: "",
  });
}

/** Runs `work` on a connection to another node and closes it whatever happens; all of it within the deadline. */
export function withRemote<T>(
  remote: Login,
  names: Names,
  deadlineMs: number,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  return withSession(remote, { names, deadlineMs, connectMs, settings: ownSession(remote.trust.imageVersions) }, work);
}

/** Runs `work` on a connection to the own server and closes it whatever happens; all of it within the deadline. */
export async function withConnection<T>(sql: Sql, deadlineMs: number, work: (sql: Sql) => Promise<T>): Promise<T> {
  try {
    return await withDeadline(work(sql), deadlineMs, "The server");
  } finally {
    sql.end({ timeout: 0 }).catch(() => {});
  }
}

const lsnText = z.string().nullable();

const ServerRow = z.object({
  standby: z.boolean(),
  system_identifier: z.string(),
  timeline: z.number(),
  lsn: lsnText,
  replay_lsn: lsnText,
  upstream_host: z.string().nullable(),
  upstream_port: z.number().nullable(),
  receiver: z.string().nullable(),
  latest_end_lsn: lsnText,
  commit_age: z.number().nullable(),
  replay_paused: z.boolean(),
  primary_conninfo: z.string(),
  sync_names: z.string(),
}).transform((row) => ({
  standby: row.standby,
  systemIdentifier: row.system_identifier,
  timeline: row.timeline,
  lsn: row.lsn,
  replayLsn: row.replay_lsn,
  announcedLsn: row.latest_end_lsn,
  commitAgeSeconds: row.commit_age,
  replayPaused: row.replay_paused,
  upstream: upstreamOf(row),
  upstreamAddress: conninfoValue(row.primary_conninfo, "hostaddr") ?? null,
  syncNames: row.sync_names,
}));

/** primary_conninfo names the node that the server follows; the WAL receiver, if it runs, shows its connection. */
function upstreamOf(row: {
  primary_conninfo: string;
  upstream_host: string | null;
  upstream_port: number | null;
  receiver: string | null;
}): Upstream | null {
  const host = conninfoValue(row.primary_conninfo, "host") ?? row.upstream_host;
  if (!host) return null;
  const port = row.upstream_port ?? Number(conninfoValue(row.primary_conninfo, "port") ?? 5432);
  return { host, port, streaming: row.receiver === "streaming" };
}

/** Role, timeline, positions and WAL receiver of a server, in one round trip. */
export async function readServer(sql: Sql) {
  const rows = await sql`
    with r as (select pg_is_in_recovery() as standby)
    select r.standby,
      s.system_identifier::text,
      case when r.standby
        then greatest(w.received_tli, c.min_recovery_end_timeline, k.timeline_id)
        else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline,
      case when r.standby
        then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) else pg_current_wal_flush_lsn() end::text as lsn,
      case when r.standby then pg_last_wal_replay_lsn() end::text as replay_lsn,
      w.sender_host as upstream_host, w.sender_port as upstream_port, w.status as receiver,
      w.latest_end_lsn::text,
      case when r.standby then extract(epoch from now() - pg_last_xact_replay_timestamp()) end::float8 as commit_age,
      case when r.standby then pg_get_wal_replay_pause_state() <> 'not paused' else false end as replay_paused,
      current_setting('primary_conninfo') as primary_conninfo,
      current_setting('synchronous_standby_names') as sync_names
    from r cross join pg_control_system() s cross join pg_control_recovery() c cross join pg_control_checkpoint() k
      left join pg_stat_wal_receiver w on true`;
  return ServerRow.parse(rows[0]);
}

const DownstreamRow = z.object({
  application_name: z.string(),
  address: z.string().nullable(),
  state: z.string(),
  sync_state: z.string(),
  sent_lsn: lsnText,
  replay_lsn: lsnText,
}).transform((row): Downstream => ({
  applicationName: row.application_name,
  address: row.address,
  state: row.state,
  syncState: row.sync_state,
  sentLsn: row.sent_lsn,
  replayLsn: row.replay_lsn,
}));

export async function readDownstream(sql: Sql): Promise<Downstream[]> {
  const rows = await sql`
    select application_name, host(client_addr) as address, coalesce(state, 'unknown') as state, coalesce(sync_state, 'unknown') as sync_state,
      sent_lsn::text, replay_lsn::text
    from pg_stat_replication order by application_name`;
  return z.array(DownstreamRow).parse([...rows]);
}

/** The history of a timeline as the server has it; timeline 1 has none. */
export async function readTimelineHistory(sql: Sql, timeline: number): Promise<TimelineFork[]> {
  if (timeline <= 1) return [];
  const rows = await sql`select pg_read_file(${`pg_wal/${historyName(timeline)}`}) as text`;
  return parseHistory(z.string().parse(rows[0]?.text));
}

/** Bytes of a file in pg_wal; null: gone. */
export async function readHeader(sql: Sql, file: string, offset: number, bytes: number): Promise<Buffer | null> {
  const rows = await sql`
    select encode(pg_read_binary_file(${`pg_wal/${file}`}, ${offset}::bigint, ${bytes}::bigint, true), 'hex') as hex`;
  const hex = z.string().nullable().parse(rows[0]?.hex);
  return hex === null ? null : Buffer.from(hex, "hex");
}

/** Creates a physical slot that keeps WAL from now on, unless it exists. True if it was created. */
export async function ensureSlot(sql: Sql, name: string): Promise<boolean> {
  const rows = await sql`
    select pg_create_physical_replication_slot(${name}, true)
    where not exists (select from pg_replication_slots where slot_name = ${name})`;
  return rows.length > 0;
}

const SlotRow = z.object({ slot_name: z.string(), active: z.boolean(), kept_bytes: z.number() });
export type SlotRow = z.infer<typeof SlotRow>;

export async function readSlots(sql: Sql): Promise<SlotRow[]> {
  const rows = await sql`
    select slot_name::text, active, coalesce(pg_wal_lsn_diff(
      case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn), 0)::float8 as kept_bytes
    from pg_replication_slots where slot_type = 'physical' order by slot_name`;
  return z.array(SlotRow).parse([...rows]);
}

/** Drops a slot that is not in use. One that is in use stays; one that is taken into use meanwhile throws. */
export async function dropSlot(sql: Sql, name: string): Promise<void> {
  await sql`select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = ${name} and not active`;
}

export async function reloadServer(sql: Sql): Promise<void> {
  await sql`select pg_reload_conf()`;
}

/** Promotes this standby and waits until it is read-write, up to 12 s. Throws if it is not. */
export async function promoteServer(sql: Sql): Promise<void> {
  const rows = await sql`select pg_promote(true, 12) as promoted`;
  if (rows[0]?.promoted !== true) throw new Error("PostgreSQL did not become read-write within 12 s");
}
