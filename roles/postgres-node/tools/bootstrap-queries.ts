// SQL that a bootstrap runs once: the replication role and repmgr's database.
import { z } from "zod";
import type { Sql } from "./queries.ts";

/** Creates or corrects a superuser role with a password. Utility statements take no bound values, so format() quotes. */
export async function ensureSuperuser(sql: Sql, role: { name: string; password: string }): Promise<void> {
  const verb = (await sql`select from pg_roles where rolname = ${role.name}`).length > 0 ? "alter" : "create";
  const pattern = `${verb} role %I with superuser replication login${role.password ? " password %L" : ""}`;
  const statement = await sql`select format(${pattern}::text, ${role.name}::text, ${role.password}::text) as text`;
  await sql.unsafe(z.string().parse(statement[0]?.text));
}

/** Creates a database owned by a role, unless it exists. */
export async function ensureDatabase(sql: Sql, database: { name: string; owner: string }): Promise<void> {
  if ((await sql`select from pg_database where datname = ${database.name}`).length > 0) return;
  const statement =
    await sql`select format('create database %I owner %I', ${database.name}::text, ${database.owner}::text) as text`;
  await sql.unsafe(z.string().parse(statement[0]?.text));
}
