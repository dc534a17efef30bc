// PURE: how many clients pgpool serves of those that it could, from the titles of its processes, and whether logins get through.

/** pgpool's children with a client, of num_init_children. */
export interface Sessions {
  busy: number;
  total: number;
}

/** Titles of processes that serve no client: a child that waits, and pgpool's own helpers. */
const idle =
  /^(wait for connection request|PCP\b|worker process|health check process|watchdog|lifecheck|heartbeat|PgpoolLogger)/;

/** Each title begins with "pgpool: "; with a client it goes on with user, database and address. */
export function countSessions(titles: readonly string[], total: number): Sessions {
  const busy = titles.filter((title) => !idle.test(title.replace(/^pgpool: /, ""))).length;
  return { busy: Math.min(busy, total), total };
}

/** Sessions in use, by user and database. */
export interface Used {
  username: string;
  database: string;
  count: number;
}

/** By the same titles. Both are "" where a title does not name them, and where nobody is connected. */
export function usedSessions(titles: readonly string[]): Used[] {
  const found = new Map<string, Used>();
  for (const title of titles.map((t) => t.replace(/^pgpool: /, "")).filter((t) => !idle.test(t))) {
    const [, username = "", database = ""] = /^(.+) (\S+) (?:\S+\(\d+\)|\[local\]) /.exec(title) ?? [];
    const key = JSON.stringify([username, database]);
    found.set(key, { username, database, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return found.size > 0 ? [...found.values()] : [{ username: "", database: "", count: 0 }];
}

export function isSaturated(sessions: Sessions | null): boolean {
  return sessions !== null && sessions.busy >= sessions.total;
}

export function saturatedText({ total }: Sessions): string {
  return `all ${total} sessions (num_init_children) are in use, and the next client waits`;
}

/** The test logins through pgpool: how many in a row have failed, and why the last one has. */
export interface Logins {
  failures: number;
  why: string;
}

/** A single failure may be one of a restart or of a change of the primary. */
const mostFailures = 2;

/** Why no login gets through; null: logins do, as far as is known. */
export function whyNoLogin({ failures, why }: Logins, sessions: Sessions | null): string | null {
  if (failures < mostFailures) return null;
  return sessions !== null && isSaturated(sessions) ? saturatedText(sessions) : `no login gets through: ${why}`;
}
