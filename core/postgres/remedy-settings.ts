// PURE: what to do about settings with which PostgreSQL does not start at all. The other fixes are in remedy.ts.
import type { Remedy } from "./remedy-login.ts";

/** Settings that ask for more than there is. */
export const startSettings: readonly Remedy[] = [
  {
    says: /must be less than "?max_connections/,
    fix: () => "raise max_connections in CONFIGS: superuser_reserved_connections are taken from it",
  },
  {
    says:
      /could not map anonymous shared memory|could not create shared memory|could not resize shared memory|Cannot allocate memory|out of memory/i,
    fix: () =>
      "lower shared_buffers or max_connections in CONFIGS, or give the container more memory; with huge_pages:on, set " +
      "huge_pages:try, or vm.nr_hugepages on the host",
  },
];
