// A fault of the database driver that no caller can catch, and how it is told from one of ours.

/**
 * postgres 3.4.9 may write to a connection that has just closed, from a callback of its own (porsager/postgres issue 1208): a
 * TypeError about `write` of null that would end the process. The query that it belongs to runs into its deadline.
 */
export function isDriverFault(error: unknown): boolean {
  // the executable's stack may name the bundle instead of the driver's file
  return error instanceof TypeError && /null.*\bwrite\b/s.test(error.message) &&
    !/\b(cli|config|core|roles)\//.test(error.stack ?? "");
}
