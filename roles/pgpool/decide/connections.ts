// PURE: pgpool keeps up to max_pool connections a child, one for each pair of user and database that it has served.

export interface ConnectionBudget {
  /** num_init_children */
  children: number;
  maxPool: number;
  /** users of DB_USERS: at least as many pairs are in use */
  users: number;
  /** what max_connections leaves for ordinary roles */
  available: number;
}

/** The sentence to warn with, or null where the connections fit. */
export function decideConnections(b: ConnectionBudget): string | null {
  const pairs = Math.min(b.users, b.maxPool);
  const wanted = b.children * pairs;
  if (!(wanted > b.available)) return null;
  return `num_init_children ${b.children} x ${pairs} distinct pairs of user and database make ${wanted} connections to ` +
    `each backend, and max_connections leaves ${b.available}; raise max_connections on the nodes, or lower ` +
    "num_init_children or max_pool in CONFIGS";
}
