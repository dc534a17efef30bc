// The PostgreSQL server as this agent's child: started, stopped in PostgreSQL's own modes, and cleaned up after a kill.
import { join } from "node:path";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, remove } from "../../../core/runtime/files.ts";
import { processesIn } from "../../../core/runtime/proc.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { type ChildSpec, supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { type Clock, waitUntil } from "../../../core/runtime/time.ts";

/** Fast first (manual, 18.5), immediate if that hangs, for example on a walsender of an unreachable standby. */
export function stopSteps(stoppingMs: number): ChildSpec["stop"] {
  return [{ signal: "SIGINT", waitMs: stoppingMs }, { signal: "SIGQUIT", waitMs: 2_000 }];
}

/** Immediate shutdown: for SIGQUIT to the container, and for a false primary. */
export const immediateStop: ChildSpec["stop"] = [{ signal: "SIGQUIT", waitMs: 3_000 }];

/** Starts the server. It is not restarted automatically: the node first decides its role again. */
export function startPostmaster(
  options: { pgdata: string; stoppingMs: number; onLine: (line: string) => void },
  deps: { clock: Clock; log: Log },
): Supervised {
  return supervise({
    name: "postgres",
    argv: ["postgres", "-D", options.pgdata],
    as: postgresAccount,
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: stopSteps(options.stoppingMs),
    onLine: options.onLine,
  }, deps);
}

/**
 * Makes sure that no server process of this data directory is left, then removes a stale postmaster.pid.
 * The pid file also guards the shared memory of orphaned backends, so it goes only after all of them are gone.
 */
export async function clearStaleServer(pgdata: string, deps: { clock: Clock; log: Log }): Promise<void> {
  const orphans = processesIn("postgres", pgdata);
  if (orphans.length > 0) {
    deps.log.warn("Waiting for the processes of a server that died", { pids: orphans });
    const end = deps.clock.nowMs() + 3_000;
    await waitUntil(
      () => {
        const left = processesIn("postgres", pgdata);
        if (deps.clock.nowMs() >= end) { for (const pid of left) quit(pid); }
        return Promise.resolve(left.length === 0);
      },
      { what: "the backends of a dead postmaster to end", deadlineMs: 30_000, everyMs: 50 },
      deps,
    );
  }
  const pidFile = join(pgdata, "postmaster.pid");
  const text = await readIfThere(pidFile);
  if (text === null) return;
  deps.log.info("Removing a stale postmaster.pid: its server no longer runs", { pid: text.split("\n")[0] });
  await remove(pidFile);
}

function quit(pid: number) {
  try {
    process.kill(pid, "SIGQUIT");
  } catch {
    // the process has just ended
  }
}
