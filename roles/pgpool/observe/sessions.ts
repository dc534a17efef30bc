// Sees how many clients pgpool serves, and whether a login gets through, by one of its own beside the loop.
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { titlesOf } from "../../../core/runtime/proc.ts";
import type { PoolAgent } from "../state.ts";
import { countSessions, type Sessions } from "../decide/sessions.ts";
import { runDirectory, settingOf } from "../text/pgpool-conf.ts";

/** Updates how many sessions are in use; null while pgpool does not run. */
export function lookAtSessions(agent: PoolAgent): void {
  agent.sessions = agent.run?.process.supervised.running() ? sessionsOf(agent) : null;
}

function sessionsOf({ config }: PoolAgent): Sessions {
  return countSessions(titlesOf("pgpool"), Number(settingOf("num_init_children", config.settings)));
}

/** How often a login is tried, milliseconds. */
const everyMs = 10_000;
/** How long it may take, seconds: pgpool lets a client wait if all of its sessions are in use. */
const loginSeconds = 5;

/** Logs in through pgpool again and again. pgpool keeps no connection to the database postgres, so none is used up. */
export async function tryLogins(agent: PoolAgent): Promise<void> {
  const { clock, config, log, stop } = agent;
  const target = ["-h", runDirectory, "-U", config.checkUser, "-d", "postgres", "-w"];
  while (!stop.aborted) {
    await clock.sleep(everyMs, stop);
    const number = agent.run?.number;
    if (stop.aborted || !agent.run?.process.supervised.running() || !agent.seen.served) continue;
    // the password is in .pgpass
    const tried = await tryRun(["psql", "-XAtq", ...target, "-c", "select 1"], {
      as: postgresAccount,
      timeoutMs: (loginSeconds + 1) * 1000,
      env: { PGCONNECT_TIMEOUT: String(loginSeconds) },
      signal: stop,
    });
    if (stop.aborted || agent.run?.number !== number) continue; // it says nothing of the pgpool that runs now
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
