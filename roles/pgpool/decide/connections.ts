// PURE: whether pgpool's connections fit. Each child keeps up to max_pool, one for each pair of user and database it has served.

export interface ConnectionBudget {
  /** num_init_children */
  children: number;
  maxPool: number;
  /** number of users in DB_USERS: at least as many pairs are in use */
  users: number;
  /** what max_connections leaves for ordinary roles */
  available: number;
}

/** How many connections it may open to each backend, at the least if all its children are in use. */
export function wantedConnections({ children, maxPool, users }: Omit<ConnectionBudget, "available">): number {
  return children * Math.min(users, maxPool);
}

/** The warning, or null if the connections fit. */
export function decideConnections(b: ConnectionBudget): string | null {
  const pairs = Math.min(b.users, b.maxPool);
  const wanted = wantedConnections(b);
  if (!(wanted > b.available)) return null;
  return `num_init_children ${b.children} x ${pairs} distinct pairs of user and database make ${wanted} connections to ` +
    `each backend, but max_connections leaves only ${b.available}; raise max_connections on the nodes, or lower ` +
    "num_init_children or max_pool in CONFIGS";
}
