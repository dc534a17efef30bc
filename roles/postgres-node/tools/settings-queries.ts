// SQL about the settings of the server, and about files of its data that are not there.
import { z } from "zod";
import { ServerFactsSchema } from "../../../core/protocol/server-facts.ts";
import type { SettingsSeen } from "../decide/settings.ts";
import { filledDirectories, neededDirectories } from "../text/directories.ts";
import type { Sql } from "./queries.ts";

const Place = { file: z.string(), line: z.number() };
const Named = z.object({ name: z.string(), value: z.string() });

const SettingsRow = z.object({
  wrong: z.array(z.object({ ...Place, name: z.string().nullable(), value: z.string().nullable(), error: z.string() })),
  waiting: z.array(
    z.object({ name: z.string(), now: z.string(), next: z.object({ ...Place, value: z.string() }).nullable() }),
  ),
  inForce: z.array(Named),
  of_roles: z.array(Named.extend({ of: z.string() })),
  to_archive: z.number().nullable(),
  facts: ServerFactsSchema,
});

/** What the server says of its configuration files and of its settings. A change of a setting that needs a restart is not wrong. */
export async function readSettings(sql: Sql): Promise<SettingsSeen> {
  const rows = await sql`
    with files as materialized (select * from pg_file_settings),
      late as (select f.name from files f join pg_settings s on s.name = f.name
        where s.context = 'postmaster' and f.error = 'setting could not be applied'),
      wait as (select name, current_setting(name) as now from pg_settings
        where name in (select name from late) or (pending_restart
          and (setting is distinct from boot_val or name in (select name from files))))
    select
      (select coalesce(json_agg(json_build_object('file', f.sourcefile, 'line', f.sourceline, 'name', f.name, 'value', f.setting,
          'error', f.error)), '[]') from files f
        where f.error is not null and f.sourcefile is not null and (f.name is null or f.name not in (select name from wait))) as wrong,
      (select coalesce(json_agg(json_build_object('name', w.name, 'now', w.now, 'next',
          (select json_build_object('file', f.sourcefile, 'line', f.sourceline, 'value', f.setting)
            from files f where f.name = w.name order by f.seqno desc limit 1))), '[]') from wait w) as waiting,
      (select json_agg(json_build_object('name', name, 'value', setting)) from pg_settings
        where name in ('logging_collector', 'log_destination', 'log_min_messages', 'lc_messages', 'fsync', 'full_page_writes',
          'synchronous_commit', 'sync_replication_slots', 'hot_standby_feedback', 'wal_level', 'primary_slot_name')) as "inForce",
      (select coalesce(json_agg(json_build_object('of',
          case when s.setrole <> 0 then 'role ' || quote_ident(r.rolname) || coalesce(' in database ' || quote_ident(d.datname), '')
            else coalesce('database ' || quote_ident(d.datname), 'role all') end,
          'name', split_part(c, '=', 1), 'value', substr(c, strpos(c, '=') + 1))), '[]')
        from pg_db_role_setting s cross join unnest(s.setconfig) c
          left join pg_database d on d.oid = s.setdatabase left join pg_roles r on r.oid = s.setrole) as of_roles,
      case when current_setting('archive_mode') <> 'off'
        then (select count(*)::int from pg_ls_archive_statusdir() where name like '%.ready') end as to_archive,
      json_build_object('version', current_setting('server_version'), 'connections', current_setting('max_connections')::int
          - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true)::int, 0),
        'slots', (select coalesce(json_agg(json_build_object('name', slot_name, 'active', active, 'wal', wal_status,
            'forNobody', pg_is_in_recovery() and slot_type = 'logical' and not temporary
              and coalesce(to_jsonb(s)->>'synced' = 'false' and to_jsonb(s)->>'failover' = 'false'
                and (to_jsonb(s)->>'inactive_since')::timestamptz < now() - interval '1 minute', false),
            'keptBytes', pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_receive_lsn()
              else pg_current_wal_lsn() end, restart_lsn), 'safeBytes', safe_wal_size) order by slot_name), '[]')
          from pg_replication_slots s)) as facts`;
  const { of_roles, to_archive, ...rest } = SettingsRow.parse(rows[0]);
  return { ...rest, ofRoles: of_roles, toArchive: to_archive };
}

/**
 * Directories of the data that are not there, or empty although they never are, and those of databases and tablespaces that are
 * not there. What is dropped at this moment is among them.
 */
export async function readMissing(sql: Sql): Promise<string[]> {
  const needed = neededDirectories.join();
  const filled = filledDirectories.join();
  const rows = await sql`
    select d as name from unnest(string_to_array(${needed}, ',')) d where pg_stat_file(d, true) is null
      or (d = any (string_to_array(${filled}, ',')) and not exists (select from pg_ls_dir(d, true, false)))
    union all
    select 'base/' || d.oid from pg_database d join pg_tablespace t on t.oid = d.dattablespace
    where t.spcname = 'pg_default' and d.datconnlimit <> -2 and pg_stat_file('base/' || d.oid, true) is null
    union all
    select 'pg_tblspc/' || t.oid || coalesce((select ' (' || pg_tablespace_location(t.oid) || ')'
        from pg_ls_dir('pg_tblspc', true, false) link where link = t.oid::text), '')
    from pg_tablespace t where t.spcname not in ('pg_default', 'pg_global')
      and not exists (select from pg_ls_dir('pg_tblspc/' || t.oid, true, false) v where starts_with(v, 'PG_' || current_setting('server_version_num')::int / 10000 || '_'))`;
  return z.array(z.object({ name: z.string() })).parse([...rows]).map((r) => r.name);
}
