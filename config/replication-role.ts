// What REPLICATION_USER may do: all, as in 1.x, or what replication and repmgr need.
import { type ConfigProblem, env, oneOf } from "./env.ts";

const replicationRoles = ["superuser", "limited"] as const;
export type ReplicationRole = typeof replicationRoles[number];

export const replicationRole = env<ReplicationRole>("REPLICATION_ROLE", oneOf(replicationRoles), {
  fallback: "superuser",
  accepts: "superuser or limited",
  doc:
    "What REPLICATION_USER is. superuser: as in 1.x. limited: no superuser, with the rights that replication, repmgr, " +
    "pg_rewind, pgpool and barman need, which docs/security.md lists; all that it owns in REPLICATION_DB becomes the property of " +
    "postgres. The primary sets the role as its own variable says, within 10 s, also back; set the same on all nodes.",
  changed: "New.",
});

/** A role that is more than the one of replication cannot be limited. */
export function replicationRoleProblems(
  c: { replicationRole: ReplicationRole; replicationUser: string; postgresUser: string },
): ConfigProblem[] {
  if (c.replicationRole === "superuser") return [];
  const other = [["POSTGRES_USER", c.postgresUser], ["the superuser of the server", "postgres"]] as const;
  const same = other.find(([, name]) => name === c.replicationUser);
  if (same === undefined) return [];
  return [{
    variable: "REPLICATION_ROLE",
    message: `REPLICATION_ROLE is limited, but REPLICATION_USER ${JSON.stringify(c.replicationUser)} is ${same[0]}`,
    fix: "set REPLICATION_USER to a role of its own on all containers, or REPLICATION_ROLE=superuser",
  }];
}
