// PURE: what to do where the agent of a node is not let in to its own server, or a server does not prove itself. The other fixes are in remedy.ts.

/** Where the message was said. */
export interface Where {
  /** the node concerned */
  host: string;
}

/** One row of the table from message to fix. */
export interface Remedy {
  says: RegExp;
  /** what to type or change; `m` is the match */
  fix: (m: RegExpExecArray, where: Where) => string;
}

/** What the agent says before the words of PostgreSQL. */
export const notLetIn = "PostgreSQL does not let the agent of this node in";

const row = (said: string, fix: Remedy["fix"]): Remedy => ({ says: new RegExp(`${notLetIn}: ${said}`), fix });

/** A server on the network asks for a password in a way that shows it, or lets in without (server-proof.ts). */
export const serverProof: Remedy = {
  says: /authentication method requirement "[^"]*" failed/,
  fix: () =>
    "look whether the address is that of the node; if it is, set the method of its line in pg_hba.conf to scram-sha-256 and " +
    "reload it, or set POSTGRES_HOST_AUTH_METHOD of this container to the method of that line",
};

/** It logs in as postgres, at the socket, without a password: what lets others in does not help it. */
export const ownLogin: readonly Remedy[] = [
  row(
    'role "postgres" is not permitted',
    () => "log in to the primary as another superuser, such as POSTGRES_USER, and type: alter role postgres login",
  ),
  row(
    'role "postgres" does not exist',
    () =>
      "log in to the primary as another superuser, such as POSTGRES_USER, and type: create role postgres superuser login",
  ),
  row(
    "(?:sorry, too many|remaining connection|too many connections)",
    (_, { host }) =>
      `end sessions of superusers on ${host}, and let no application log in as one: superuser_reserved_connections are ` +
      "for the agent; or raise max_connections, on the standbys first",
  ),
  row(
    'database "([^"]+)" (does not exist|is not)',
    ([, name, how]) =>
      how === "is not"
        ? `type on the primary, in another database: alter database "${name}" allow_connections true`
        : `wait: the primary makes it by itself; if it does not, type on it, in template1: create database "${name}"`,
  ),
  row(
    "",
    (_, { host }) =>
      `make "local all postgres trust" the first line of pg_hba.conf in PGDATA of ${host}, then type in its container: ` +
      "gosu postgres pg_ctl reload",
  ),
];
