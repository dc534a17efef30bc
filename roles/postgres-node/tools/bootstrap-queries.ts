// SQL that a bootstrap runs: the roles and databases of a fresh cluster; and the database, if it is gone later.
import { z } from "zod";
import type { Sql } from "./queries.ts";
import { setRole } from "./role-queries.ts";

/** Creates or corrects a superuser role with a password. */
export async function ensureSuperuser(sql: Sql, { name, password }: { name: string; password: string }): Promise<void> {
  const create = (await sql`select from pg_roles where rolname = ${name}`).length === 0;
  await setRole(sql, { name, create, rights: "superuser", password: true }, { [name]: password });
}

/** Creates a database owned by a role, unless it exists. Utility statements take no bound values, so format() quotes. */
export async function ensureDatabase(sql: Sql, database: { name: string; owner: string }): Promise<void> {
  if ((await sql`select from pg_database where datname = ${database.name}`).length > 0) return;
  const statement =
    await sql`select format('create database %I owner %I', ${database.name}::text, ${database.owner}::text) as text`;
  await sql.unsafe(z.string().parse(statement[0]?.text));
}
