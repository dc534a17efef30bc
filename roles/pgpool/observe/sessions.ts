// Sees how many clients pgpool serves, and whether a login gets through, by one of its own beside the loop.
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { titledOf } from "../../../core/runtime/proc.ts";
import { type PoolAgent, seenNow } from "../state.ts";
import { countSessions, usedSessions } from "../decide/sessions.ts";
import { parseShows, showArguments, showsAfter } from "../text/pool-shows.ts";
import { runDirectory, settingOf } from "../text/pgpool-conf.ts";

/** Updates how many sessions are in use, and by which users; null while pgpool does not run. */
export function lookAtSessions(agent: PoolAgent): void {
  const titles = agent.run?.process.supervised.running() ? titledOf("pgpool").map((p) => p.title) : null;
  const total = Number(settingOf("num_init_children", agent.config.settings));
  agent.sessions = titles && countSessions(titles, total);
  agent.used = titles && usedSessions(titles);
}

/** How often a login is tried, milliseconds. */
const everyMs = 10_000;
/** How long it may take, seconds: pgpool lets a client wait if all of its sessions are in use. */
const loginSeconds = 5;

/**
 * Logs in through pgpool again and again, and asks what pgpool counts by the way. pgpool keeps no connection to the database
 * postgres, so none is used up. Only the last statement, which reaches a backend, decides about the login.
 */
export async function tryLogins(agent: PoolAgent): Promise<void> {
  const { clock, config, log, stop } = agent;
  const target = ["-h", runDirectory, "-U", config.checkUser, "-d", "postgres", "-w"];
  while (!stop.aborted) {
    await clock.sleep(everyMs, stop);
    const number = agent.run?.number;
    if (stop.aborted) return;
    if (!agent.run?.process.supervised.running() || !seenNow(agent).served) {
      if (agent.shows !== null) agent.shows = showsAfter(agent.shows, null, clock.nowMs());
      continue;
    }
    // the password is in .pgpass
    const tried = await tryRun(["psql", "-XAq", ...target, ...showArguments, "-c", "select 1"], {
      as: postgresAccount,
      timeoutMs: (loginSeconds + 1) * 1000,
      env: { PGCONNECT_TIMEOUT: String(loginSeconds) },
      signal: stop,
    });
    if (stop.aborted || agent.run?.number !== number) continue; // it says nothing of the pgpool that runs now
    agent.shows = showsAfter(agent.shows, tried.code === 0 ? parseShows(tried.stdout) : null, clock.nowMs());
    const { failures } = agent.logins;
    if (tried.code === 0) {
      agent.logins = { failures: 0, why: "" };
      continue;
    }
    const why = commandErrorText(tried);
    agent.logins = { failures: failures + 1, why };
    if (failures === 0) log.warn("A login through pgpool failed", { user: config.checkUser, why });
  }
}
