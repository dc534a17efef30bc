// The PostgreSQL server as this agent's child: started, stopped in PostgreSQL's own modes, and cleaned up after a kill.
import { join } from "node:path";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, remove } from "../../../core/runtime/files.ts";
import { oomScore, processesIn } from "../../../core/runtime/proc.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { type ChildSpec, supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { fenceServer } from "../lease/fence.ts";

/** Fast first (manual, 18.5), immediate if that hangs, for example on a walsender of an unreachable standby. */
export function stopSteps(stoppingMs: number): ChildSpec["stop"] {
  return [{ signal: "SIGINT", waitMs: stoppingMs }, { signal: "SIGQUIT", waitMs: 2_000 }];
}

/** Immediate shutdown: for SIGQUIT to the container, and for a false primary. */
export const immediateStop: ChildSpec["stop"] = [{ signal: "SIGQUIT", waitMs: 3_000 }];

/** By how much a backend's score is above the agent's. */
const backendsFirst = 200;

/**
 * When memory runs out, the kernel ends a backend rather than the postmaster, the agent or the fence: PostgreSQL then recovers in
 * place (manual, 18.4.4). Each child of the postmaster writes its score itself; to raise it needs no privilege.
 */
export function oomEnvironment(own: number | null): Record<string, string> {
  if (own === null) return {};
  const score = Math.min(1000, own + backendsFirst);
  return { PG_OOM_ADJUST_FILE: "/proc/self/oom_score_adj", PG_OOM_ADJUST_VALUE: `${score}` };
}

/** Starts the server. It is not restarted automatically: the node first decides its role again. */
export function startPostmaster(
  options: { pgdata: string; stoppingMs: number; onLine: (line: string) => void },
  deps: { clock: Clock; log: Log },
): Supervised {
  return supervise({
    name: "postgres",
    argv: ["postgres", "-D", options.pgdata],
    as: postgresAccount,
    env: oomEnvironment(oomScore("self")),
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: stopSteps(options.stoppingMs),
    onLine: options.onLine,
    clientWords: true,
  }, deps);
}

/**
 * Ends what is left of a dead server of this data directory at once, then removes its postmaster.pid. A backend without a
 * postmaster still answers its client, with a COMMIT too. The pid file also guards the shared memory of such backends, so it
 * is removed only after all of them are gone. Throws where they do not end.
 */
export async function clearStaleServer(pgdata: string, deps: { clock: Clock; log: Log }): Promise<void> {
  const orphans = processesIn("postgres", pgdata);
  if (orphans.length > 0) {
    deps.log.warn("Ending the processes of a server that died", { pids: orphans });
    if (!(await fenceServer(pgdata, deps.clock))) throw new Error("the processes of a server that died do not end");
  }
  const pidFile = join(pgdata, "postmaster.pid");
  const text = await readIfThere(pidFile);
  if (text === null) return;
  deps.log.info("Removing a stale postmaster.pid: its server no longer runs", { pid: text.split("\n")[0] });
  await remove(pidFile);
}
