// PURE: what is said of a secret that waits for an operator, or that is not what the database has.
import type { Trouble } from "../../protocol/trouble.ts";
import type { Known } from "./secret.ts";

const commands: Readonly<Record<string, string>> = {
  REPLICATION_PASSWORD: "replication",
  POSTGRES_PASSWORD: "superuser",
};

/** A former key is still accepted. */
export const formerKey: Trouble = {
  because: "CLUSTER_KEY has another value in its file, and the former key is still accepted",
  fix: "once the file of every container has the new one, type: postdock cluster rotate key",
};

/** `refused`: the primary has refused the value in use, and no other is known. */
export function passwordTroubles(
  { variable, role, known, refused }: { variable: string; role: string; known: Known; refused: boolean },
): Trouble[] {
  if (known.waits) {
    const which = commands[variable];
    return [{
      because: `${variable} has another value in its file, and the database still has the old password of ${role}`,
      fix: which === undefined
        ? `type \\password ${role} in psql on the primary; if the nodes have that password too, rotate theirs first`
        : `once the file of every container has the new one, type: postdock cluster rotate ${which}`,
    }];
  }
  if (!refused) return [];
  return [{
    because: `${variable} is not the password of ${role} in the database`,
    fix: `give ${variable} the value that the nodes have; a role of your own gets it by \\password ${role} in psql`,
  }];
}
