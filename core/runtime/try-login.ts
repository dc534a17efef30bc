// Tries a password: one login over TCP, as every other container logs in.
import type { Tried } from "./decide/secret.ts";
import type { Names } from "./names.ts";
import { codeOfServer, type Login, withSession } from "./session.ts";

/** How long a login may take, milliseconds. */
const loginMs = 3_000;
/** SQLSTATE of a password that is not that of the role, and of a role that may not even show one (pg_hba.conf). */
const codes = { wrongPassword: "28P01", barred: "28000" };

/**
 * Whether the server accepts the password. A server that has let in and then refuses the session, as a role that may not connect
 * to this database, has accepted it. Never throws: what is not about the password is "unknown".
 */
export async function tryLogin(login: Login, names: Names): Promise<Tried> {
  let letIn = false;
  const letsIn = () => void (letIn = true);
  try {
    await withSession(login, { names, deadlineMs: loginMs, connectMs: loginMs, letsIn }, (sql) => sql`select`);
    return "works";
  } catch (error) {
    // where the server's own proof was wrong it is no error of a server: an impostor accepts anything
    const code = codeOfServer(error);
    if (code === null) return "unknown";
    if (letIn) return "works";
    return code === codes.wrongPassword ? "refused" : code === codes.barred ? "barred" : "unknown";
  }
}
