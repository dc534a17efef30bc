// PURE: what REPLICATION_USER needs beside LOGIN and REPLICATION where it is not a superuser, as SQL, with who needs it.
import type { ImageVersions } from "../../../config/image-versions.ts";
import { hasFeature, type PostgresFeature } from "../../../config/postgres-features.ts";

export interface Right {
  /** in words, as PostgreSQL names it */
  what: string;
  /** who needs it, and for what */
  because: string;
  /** SQL for format(): %1$I is the role */
  grant: string;
  /** SQL for format(), whether the role has it: %1$L is the role. It is true of any superuser */
  held: string;
  /** only some versions of PostgreSQL have it */
  feature?: PostgresFeature;
}

const member = (role: string, because: string): Right => ({
  what: role,
  because,
  grant: `grant ${role} to %1$I`,
  held: `pg_has_role(%1$L, '${role}', 'member')`,
});

const execute = (signature: string, because: string): Right => ({
  what: signature,
  because,
  grant: `grant execute on function pg_catalog.${signature} to %1$I`,
  held: `has_function_privilege(%1$L, 'pg_catalog.${signature}', 'execute')`,
});

const rewind = "pg_rewind reads the primary's files by it";
const barman = "barman, where its POSTGRES_USER is this role";

/** repmgr's tables, but nothing by which the role could have others run code of its own: it owns none, and makes no trigger. */
const repmgr: Right = {
  what: "the tables and functions of repmgr",
  because: "repmgr and repmgrd write their records, and agree on a primary",
  grant: "grant usage on schema repmgr to %1$I; " +
    "grant select, insert, update, delete on all tables in schema repmgr to %1$I; " +
    "grant execute on all functions in schema repmgr to %1$I",
  held: `to_regnamespace('repmgr') is not null and coalesce((
    select bool_and(has_table_privilege(%1$L, oid, 'select') and has_table_privilege(%1$L, oid, 'insert')
      and has_table_privilege(%1$L, oid, 'update') and has_table_privilege(%1$L, oid, 'delete')
      and pg_get_userbyid(relowner) <> %1$L)
    from pg_class where relnamespace = to_regnamespace('repmgr') and relkind in ('r', 'v')), false)
    and has_schema_privilege(%1$L, to_regnamespace('repmgr'), 'usage')`,
};

/** Every right of every version, each in the database of repmgr: those on functions count there only. */
const allRights: readonly Right[] = [
  member("pg_monitor", "repmgr and pgpool read the state of replication; a clone asks how large the databases are"),
  {
    ...member(
      "pg_use_reserved_connections",
      "pgpool and repmgr get in where reserved_connections in CONFIGS holds room",
    ),
    feature: "reserved connections",
  },
  execute("pg_wal_replay_resume()", "repmgrd ends a pause of the replay in a failover"),
  execute("pg_read_file(text)", "a node reads the history of the primary's timeline"),
  execute("pg_read_binary_file(text)", rewind),
  execute("pg_read_binary_file(text, bigint, bigint, boolean)", `${rewind}; a node compares WAL with the primary's`),
  execute("pg_ls_dir(text, boolean, boolean)", rewind),
  execute("pg_stat_file(text, boolean)", rewind),
  member("pg_checkpoint", barman),
  execute("pg_switch_wal()", barman),
  { ...execute("pg_log_standby_snapshot()", barman), feature: "standby snapshot" },
  execute("pg_create_restore_point(text)", barman),
  execute("pg_backup_start(text, boolean)", barman),
  execute("pg_backup_stop(boolean)", barman),
  repmgr,
];

type Versions = Pick<ImageVersions, "postgres">;

/** The rights that this version of PostgreSQL has. */
export const replicationRights = (versions: Versions): readonly Right[] =>
  allRights.filter(({ feature }) => feature === undefined || hasFeature(versions, feature));

/**
 * Everything that makes a role the limited one, in this order. What it owns it could change so that a superuser who uses it runs
 * its code, so postgres owns it.
 */
export const limiting = (versions: Versions): readonly string[] => [
  "create extension if not exists repmgr",
  "reassign owned by %1$I to current_user",
  ...replicationRights(versions).map((right) => right.grant),
];
