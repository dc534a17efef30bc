// SQL about roles and their stored passwords. No password is ever part of a statement: what is stored is computed here.
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { isOf, kindOf, saltBytes, verifierOf } from "../../../core/postgres/scram.ts";
import type { ReplicationRole } from "../../../config/replication-role.ts";
import { limiting, replicationRights } from "../text/replication-rights.ts";
import type { RoleChange, RoleSeen } from "../decide/roles.ts";
import type { TransactionSql } from "postgres";
import type { Sql } from "./queries.ts";

const RoleRow = z.object({
  name: z.string(),
  stored: z.string().nullable(),
  superuser: z.boolean(),
  replication: z.boolean(),
  login: z.boolean(),
  limited: z.boolean(),
});

/** Passwords by the name of their role, as this node's variables give them; empty: none is given. */
export type Passwords = Readonly<Record<string, string>>;

/** One role may be both: REPLICATION_PASSWORD counts then, as at the bootstrap. */
export const passwordsOf = (
  c: Pick<NodeConfig, "postgresUser" | "postgresPassword" | "replicationUser" | "replicationPassword">,
): Passwords => ({ [c.postgresUser]: c.postgresPassword, [c.replicationUser]: c.replicationPassword });

/** The roles of `passwords`, and every other that has an md5 hash. */
export class RoleReader {
  /** comparing takes some milliseconds of a core: only what has changed is compared again */
  private readonly compared = new Map<string, { stored: string; password: string; right: boolean }>();

  /** `others`: what this node knows of a role besides, while its password changes */
  constructor(
    private readonly passwords: () => Passwords,
    private readonly others: (name: string) => readonly string[] = () => [],
    /** REPLICATION_USER, where it is not to be a superuser */
    private readonly limited: string | null = null,
  ) {}

  async read(sql: Sql): Promise<RoleSeen[]> {
    const names = Object.keys(this.passwords());
    const rows = await sql`
      select rolname::text as name, rolpassword as stored, rolsuper as superuser, rolreplication as replication,
        rolcanlogin as login, rolconnlimit <> -1 or coalesce(rolvaliduntil, 'infinity') <> 'infinity' as limited
      from pg_authid where rolname in ${sql(names)} or starts_with(rolpassword, 'md5') order by rolname`;
    const roles: RoleSeen[] = [];
    for (const { stored, ...role } of z.array(RoleRow).parse([...rows])) {
      const lacks = role.name === this.limited && !role.superuser ? await readLacking(sql, role.name) : [];
      roles.push({ ...role, lacks, password: await this.compare(role.name, stored) });
    }
    return roles;
  }

  private async compare(name: string, stored: string | null): Promise<RoleSeen["password"]> {
    const kind = kindOf(stored);
    if (kind === "md5") return "md5";
    const password = this.passwords()[name] ?? "";
    if (password === "") return "unset";
    if (stored === null || kind !== "scram") return "wrong";
    const known = this.compared.get(name);
    const same = known?.stored === stored && known.password === password;
    const right = same ? known.right : await isOf(password, stored);
    this.compared.set(name, { stored, password, right });
    if (right) return "right";
    for (const other of this.others(name)) if (await isOf(other, stored)) return "other";
    return "wrong";
  }
}

/** What this server is, which may be older than the image's version in an upgrade. */
async function versionsOf(sql: Sql | TransactionSql<Record<never, never>>): Promise<{ postgres: string }> {
  const rows = await sql`select (current_setting('server_version_num')::int / 10000)::text as postgres`;
  return z.object({ postgres: z.string() }).parse(rows[0]);
}

/** The rights that a role which is not a superuser lacks for replication. */
async function readLacking(sql: Sql, name: string): Promise<string[]> {
  const rights = replicationRights(await versionsOf(sql));
  const looks = rights.map((right, i) => `select ${i} as place, ${right.held} as held`);
  const [row] = await sql`select format(${looks.join(" union all ")}::text, ${name}::text) as text`;
  const rows = await sql.unsafe(z.string().parse(row?.text));
  const held = z.array(z.object({ place: z.number(), held: z.boolean() })).parse([...rows]);
  return held.flatMap((h) => h.held ? [] : [rights[h.place]!.what]);
}

const ofRights: Readonly<Record<ReplicationRole, string>> = {
  superuser: "superuser replication login connection limit -1 valid until 'infinity'",
  limited:
    "nosuperuser nocreatedb nocreaterole nobypassrls replication login connection limit -1 valid until 'infinity'",
};

/** A table that is locked is tried again at the next look. */
const lockTimeout = "2s";

/**
 * Creates a role or sets it right; a limited one in the database of repmgr. It does not wait for standbys, which cannot connect before it is done; and what is stored
 * stays out of the server's log.
 */
export async function setRole(
  sql: Sql,
  { name, create, rights, password }: Omit<RoleChange, "because">,
  passwords: Passwords,
): Promise<void> {
  const text = passwords[name] ?? "";
  const stored = password && text !== "" ? await verifierOf(text, randomBytes(saltBytes)) : null;
  const pattern = [
    `${create ? "create" : "alter"} role %1$I with`,
    ...rights === null ? [] : [ofRights[rights]],
    ...stored === null ? [] : ["password %2$L"],
  ].join(" ");
  await sql.begin("read write", async (own) => {
    await own`set local synchronous_commit = local`;
    await own`set local log_statement = none`;
    await own`set local log_min_duration_statement = -1`;
    await own`select set_config('lock_timeout', ${lockTimeout}, true)`;
    for (const statement of [pattern, ...rights === "limited" ? limiting(await versionsOf(own)) : []]) {
      const [row] = await own`select format(${statement}::text, ${name}::text, ${stored}::text) as text`;
      await own.unsafe(z.string().parse(row?.text));
    }
  });
}
