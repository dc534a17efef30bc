// PURE: faults that no caller may have caught and that pass, and how they are distinguished from a fault of ours.

/** This process, or the machine, has no descriptor left for a file or a connection. Whatever needed one is tried again. */
export function isOutOfFiles(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === "EMFILE" || code === "ENFILE";
}

/**
 * postgres 3.4.9 may write to a connection that has just closed, from its own callback (porsager/postgres issue 1208). The
 * TypeError about `write` of null would end the process. The query concerned runs into its deadline.
 */
export function isDriverFault(error: unknown): boolean {
  // the executable's stack may name the bundle instead of the driver's file; Deno's own files are ext:core/...
  return error instanceof TypeError && /null.*\bwrite\b/s.test(error.message) &&
    !/(?<!\bext:)\b(cli|config|core|roles)\//.test(error.stack ?? "");
}
