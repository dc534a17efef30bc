// What a cluster takes on disk, and where.
import { z } from "zod";
import type { Sql } from "./queries.ts";

/** Sum of all database sizes, bytes. */
export async function readDataBytes(sql: Sql): Promise<number> {
  const rows = await sql`select sum(pg_database_size(oid))::float8 as bytes from pg_database`;
  return z.number().parse(rows[0]?.bytes);
}

const tablespaceRow = z.object({ oid: z.string(), name: z.string(), location: z.string(), bytes: z.number() });
export type TablespaceSeen = z.infer<typeof tablespaceRow>;

/** The tablespaces outside the data directory, with their sizes in bytes. */
export async function readTablespaces(sql: Sql): Promise<TablespaceSeen[]> {
  const rows = await sql`
    select oid::text, spcname as name, pg_tablespace_location(oid) as location,
      pg_tablespace_size(oid)::float8 as bytes
    from pg_tablespace where starts_with(pg_tablespace_location(oid), '/')`;
  return z.array(tablespaceRow).parse([...rows]);
}
