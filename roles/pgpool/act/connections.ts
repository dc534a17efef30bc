// Warns once, when there is a primary, if pgpool may open more connections than its max_connections allows.
import type { Setting } from "../../../config/list-syntax.ts";
import { renderConninfo } from "../../../core/postgres/conninfo.ts";
import { postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import type { PoolAgent } from "../state.ts";
import { decideConnections } from "../decide/connections.ts";
import { settingOf } from "../text/pgpool-conf.ts";

/** Waits for the first primary, asks it, and logs a warning if pgpool could need more connections than it has. */
export async function warnOfConnections(agent: PoolAgent, settings: readonly Setting[]): Promise<void> {
  while (!agent.stop.aborted && !agent.everServed) await agent.clock.sleep(1_000, agent.stop);
  const primary = agent.config.backends.find((b) => b.id === agent.truth.primary);
  if (!primary || agent.stop.aborted) return;
  const number = (name: string) => Number(settingOf(name, settings));
  const query = "select current_setting('max_connections')::int - " +
    "current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true)::int, 0)";
  // the password is in .pgpass
  const { host, port } = primary;
  const { checkUser } = agent.config;
  const target = ["-d", renderConninfo({ host, port, user: checkUser, dbname: "postgres" }, agent.config), "-w"];
  const asked = await tryRun(["psql", "-XAtq", ...target, "-c", query], {
    as: postgresAccount,
    timeoutMs: 10_000,
    env: { PGCONNECT_TIMEOUT: "5" },
  });
  if (asked.code !== 0) return agent.log.debug("max_connections could not be read", { why: asked.stderr.trim() });
  const warning = decideConnections({
    children: number("num_init_children"),
    maxPool: number("max_pool"),
    users: Math.max(1, agent.config.dbUsers.length),
    available: Number(asked.stdout.trim()),
  });
  if (warning !== null) agent.log.warn("pgpool may run out of connections", { because: warning });
}
