// A fault of the database driver that no caller can catch, and how it is distinguished from a fault of ours.

/**
 * postgres 3.4.9 may write to a connection that has just closed, from its own callback (porsager/postgres issue 1208). The
 * TypeError about `write` of null would end the process. The query concerned runs into its deadline.
 */
export function isDriverFault(error: unknown): boolean {
  // the executable's stack may name the bundle instead of the driver's file; Deno's own files are ext:core/...
  return error instanceof TypeError && /null.*\bwrite\b/s.test(error.message) &&
    !/(?<!\bext:)\b(cli|config|core|roles)\//.test(error.stack ?? "");
}
