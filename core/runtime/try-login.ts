// Tries a password: one login over TCP, as every other container logs in.
import type { Tried } from "./decide/secret.ts";
import type { Names } from "./names.ts";
import { type Login, withSession } from "./session.ts";

/** How long a login may take, milliseconds. */
const loginMs = 3_000;
/** SQLSTATE of a password that is not that of the role. */
const wrongPassword = "28P01";

/** Whether the server accepts the password. Never throws: what is not about the password is "unknown". */
export async function tryLogin(login: Login, names: Names): Promise<Tried> {
  try {
    await withSession(login, { names, deadlineMs: loginMs, connectMs: loginMs }, (sql) => sql`select`);
    return "works";
  } catch (error) {
    return (error as { code?: string }).code === wrongPassword ? "refused" : "unknown";
  }
}
