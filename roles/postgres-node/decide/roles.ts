// PURE: the roles that PostDock needs, compared with those that the server has: what the primary sets right, and what it, or a
// standby whose variables differ from the primary's, can only name.
import type { ReplicationRole } from "../../../config/replication-role.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";

/** A role as the server has it, and its password compared with the variable of this node. */
export interface RoleSeen {
  name: string;
  /** "unset": there is no variable to compare with, or it is empty; "other": it is another one that this node knows (rotation) */
  password: "right" | "other" | "wrong" | "md5" | "unset";
  superuser: boolean;
  replication: boolean;
  login: boolean;
  /** it has a limit of connections, or its password is valid for a time only */
  limited: boolean;
  /** rights that REPLICATION_USER needs and does not have; none of a superuser, or where it is to be one */
  lacks: readonly string[];
}

/** What is written of a role of ours. */
export interface RoleChange {
  name: string;
  because: string;
  create: boolean;
  /** replication, login, without limits, and superuser or what a limited role needs; null: they stay */
  rights: ReplicationRole | null;
  password: boolean;
}

export interface RolesView {
  self: string;
  /** host of the primary; null: none is in sight */
  primary: string | null;
  replicationUser: string;
  replicationRole: ReplicationRole;
  postgresUser: string;
  seen: readonly RoleSeen[];
}

/** What the primary writes; empty if all is right. */
export function decideRoleChanges({ replicationUser, replicationRole, postgresUser, seen }: RolesView): RoleChange[] {
  const changes: RoleChange[] = [];
  const ours = seen.find((r) => r.name === replicationUser);
  if (ours === undefined) {
    const because = "REPLICATION_USER was not there";
    changes.push({ name: replicationUser, because, create: true, rights: replicationRole, password: true });
  } else {
    const wrong = wrongRights(ours, replicationRole);
    const password = isWrong(ours);
    const rights = wrong === "" ? null : replicationRole;
    const because = [wrong, password ? passwordText(ours) : ""].filter((text) => text !== "").join(", and ");
    if (because !== "") changes.push({ name: replicationUser, because, create: false, rights, password });
  }
  const owner = postgresUser === replicationUser ? undefined : seen.find((r) => r.name === postgresUser);
  if (owner !== undefined && isWrong(owner)) {
    const because = passwordText(owner);
    changes.push({ name: postgresUser, because, create: false, rights: null, password: true });
  }
  return changes;
}

/** What is wrong with its rights; empty: nothing. */
function wrongRights({ superuser, replication, login, limited, lacks }: RoleSeen, wanted: ReplicationRole): string {
  if (wanted === "limited" && superuser) return "REPLICATION_ROLE is limited, and it was a superuser";
  if (lacks.length > 0) return `it lacked what replication needs: ${lacks.join(", ")}`;
  const sound = replication && login && !limited && superuser === (wanted === "superuser");
  return sound ? "" : "it lacked a right that replication needs";
}

const isWrong = ({ password }: RoleSeen) => password === "wrong" || password === "md5";

const passwordText = ({ password }: RoleSeen) =>
  password === "md5" ? "its password was stored as md5" : "its password was not that of this node's variable";

/** What is wrong and is not set right by this node. */
export function findRoleTroubles(view: RolesView, role: "primary" | "standby"): Trouble[] {
  return [
    ...role === "standby" ? differences(view) : [],
    ...missingOwner(view),
    ...notLimited(view),
    ...oldHashes(view),
  ];
}

/** The stored passwords come from the primary, which has set them as its own variables say. */
function differences({ self, primary, replicationUser, postgresUser, seen }: RolesView): Trouble[] {
  const compared = [["REPLICATION_PASSWORD", replicationUser], ["POSTGRES_PASSWORD", postgresUser]] as const;
  return compared.flatMap(([variable, name], i) => {
    if (i > 0 && name === replicationUser) return [];
    if (seen.find((r) => r.name === name)?.password !== "wrong") return [];
    const other = primary === null ? "the database, as the last primary has set it" : `${primary}, the primary`;
    return [{
      because: `${variable} of ${self} is not the password of ${name} in ${other}`,
      fix:
        `set the same ${variable} on ${self} and ${primary ?? "all other nodes"}, and start the one that was wrong ` +
        "again; the primary writes its own to the database",
    }];
  });
}

function missingOwner({ postgresUser, seen }: RolesView): Trouble[] {
  if (seen.some((r) => r.name === postgresUser)) return [];
  return [{
    because: `the role ${postgresUser}, which POSTGRES_USER names, does not exist`,
    fix: `correct POSTGRES_USER, or on the primary type: create role "${postgresUser}" superuser login password '...'`,
  }];
}

/** The primary limits it at its next look; if it cannot, or is told otherwise, a promise about security is not kept. */
function notLimited({ self, replicationUser, replicationRole, seen }: RolesView): Trouble[] {
  const ours = seen.find((r) => r.name === replicationUser);
  if (replicationRole === "superuser" || ours?.superuser !== true) return [];
  return [{
    because: `REPLICATION_ROLE of ${self} is limited, but ${replicationUser} is a superuser`,
    fix:
      "set REPLICATION_ROLE=limited on all nodes; the primary then limits the role within 10 s, or its log says why not",
  }];
}

/** More names than this are not listed. */
const mostNames = 5;

function oldHashes({ replicationUser, postgresUser, seen }: RolesView): Trouble[] {
  const others = seen.filter((r) => r.password === "md5" && r.name !== replicationUser && r.name !== postgresUser);
  if (others.length === 0) return [];
  const names = others.map((r) => r.name);
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : "";
  return [{
    because:
      `the passwords of ${names.slice(0, mostNames).join(", ")}${more} are stored as md5, as an old dump leaves ` +
      "them: their logins fail where SCRAM is asked for, also through pgpool",
    fix: `set each again with \\password in psql, for example: \\password ${names[0]}`,
  }];
}
