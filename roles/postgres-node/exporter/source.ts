// PURE: a source is one query, and the families that its rows become.
import type { ImageVersions } from "../../../config/image-versions.ts";
import type { PostgresFeature } from "../../../config/postgres-features.ts";
import type { Family } from "../../../core/words/family.ts";

/** What a server is. */
export type Versions = Pick<ImageVersions, "postgres">;

/** A row as the driver gives it: labels as text, values as float8, booleans as such. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * "monitor": as the role for metrics, in a read-only transaction; "superuser": so, but for what that role does not see; "plain":
 * outside of a transaction, whose settings would be seen in the answer; "custom": one statement of the operator, as the role for
 * metrics, of which only so many rows are fetched, and which leaves nothing behind.
 */
export type ReadAs = "monitor" | "superuser" | "plain" | "custom";

/** A session that may only read, as a role that may see statistics and nothing else. */
export interface ExporterSession {
  rows(sql: string, as: ReadAs): Promise<readonly Row[]>;
  close(): void;
}

/**
 * Whether the server has answered, and refused one statement. The driver's class has another name in the executable, so what the
 * server says counts: an error of the session (FATAL), or none of the server, ends the session.
 */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Error && (error as { severity?: unknown }).severity === "ERROR";

/** A value of each row under a name: the column is the name's end, unless it is given. */
export interface Column {
  /** the whole name of the metric */
  name: string;
  type: Family["type"];
  help: string;
  column: string;
}

export interface Source {
  name: string;
  /** costs disk reads on a large database, or seldom changes, so it is read more rarely */
  slow?: true;
  sql: string;
  /** the role for metrics does not see it: it is read as the superuser */
  privileged?: true;
  /** columns that become labels; null is "" */
  labels: readonly string[];
  columns: readonly Column[];
  /** only some versions of PostgreSQL have it */
  feature?: PostgresFeature;
  /** the label `server`, which postgres_exporter 0.17 sets on what it reads by its older way */
  server?: true;
}

/** Columns of one view: `names` are name: help; all get the prefix and have the same type. */
export function columnsOf(
  prefix: string,
  type: Family["type"],
  names: Readonly<Record<string, string>>,
  suffix = "",
): Column[] {
  return Object.entries(names).map(([column, help]) => ({ name: `${prefix}${column}${suffix}`, type, help, column }));
}

/** The end of the WAL that a server has, in SQL. */
export const currentLsn = "case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end";

/** A time as seconds since the epoch, in SQL; what has never happened is 0. */
export const epoch = (column: string) => `coalesce(extract(epoch from ${column}), 0)::float8`;

/** What the rows say. A null value has no sample: what is not known is absent. */
export function familiesOf(source: Source, rows: readonly Row[], server: string): Family[] {
  const labelsOf = (row: Row) => ({
    ...Object.fromEntries(source.labels.map((label) => [label, textOf(row[label])])),
    ...(source.server ? { server } : {}),
  });
  return source.columns.map(({ name, type, help, column }) => ({
    name,
    type,
    help,
    samples: rows.flatMap((row) => {
      const value = numberOf(row[column]);
      return value === null ? [] : [{ labels: labelsOf(row), value }];
    }),
  }));
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

function numberOf(value: unknown): number | null {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" ? value : null;
}
