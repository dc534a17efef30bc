// PURE: what PostgreSQL has only since a version, in one place.
import { type ImageVersions, isSince } from "./image-versions.ts";

/** The versions that brought it (release notes). What a server has is asked of itself where that costs nothing. */
const since = {
  /** require_auth of libpq */
  "require_auth": "16",
  /** the role pg_use_reserved_connections */
  "reserved connections": "16",
  /** pg_log_standby_snapshot() */
  "standby snapshot": "16",
  /** pg_stat_io */
  "stat_io": "16",
  /** conflicts with logical slots on a standby */
  "logical slots on standbys": "16",
  /** transaction_timeout */
  "transaction_timeout": "17",
  /** pg_stat_checkpointer, which has columns that pg_stat_bgwriter had */
  "stat_checkpointer": "17",
  /** pg_stat_io counts bytes; pg_stat_checkpointer counts what it has done */
  "io bytes": "18",
  "checkpoints done": "18",
  /** pg_aios */
  "asynchronous IO": "18",
  /** WAL summaries, and pg_combinebackup */
  "incremental backups": "17",
} as const;
export type PostgresFeature = keyof typeof since;

/** Whether PostgreSQL of the image has a feature. */
export const hasFeature = ({ postgres }: Pick<ImageVersions, "postgres">, feature: PostgresFeature): boolean =>
  isSince(postgres, since[feature]);

/** Where the programs and libraries of PostgreSQL are in the image. */
export const programsOf = ({ postgres }: Pick<ImageVersions, "postgres">): string => `/usr/lib/postgresql/${postgres}`;
