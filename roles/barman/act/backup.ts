// Base backups: by schedule, and at once when one is wanted. A failed backup is logged with its reason; the next is taken as
// planned.
import { nextRunMs } from "../../../config/cron.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import { every, onAbort } from "../../../core/runtime/time.ts";
import { type ChildExit, supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { receives } from "../decide/health.ts";
import { backupChild } from "../tools/barman-cli.ts";
import { wantedBackupPath } from "../text/places.ts";
import { type Barman, lookAgain } from "../state.ts";

const tickMs = 1_000;
/** pause before a backup that is wanted at once is tried again, milliseconds */
const retryMs = 60_000;

/** Takes base backups until the role stops. */
export async function takeBackups(barman: Barman): Promise<void> {
  const { state, clock, config, log } = barman;
  const plan = () => {
    state.backup.nextWallMs = nextRunMs(config.schedule, clock.wallMs());
    const next = state.backup.nextWallMs;
    log.info("Next base backup", {
      schedule: config.schedule,
      at: next === null ? null : new Date(next).toISOString(),
    });
  };
  plan();
  state.wantBackup = await readIfThere(wantedBackupPath(config));
  let notBeforeMs = -Infinity;
  await every(tickMs, async () => {
    const scheduled = state.backup.nextWallMs !== null && clock.wallMs() >= state.backup.nextWallMs;
    const wanted = state.wantBackup !== null && receives(state) && clock.nowMs() >= notBeforeMs;
    if (!scheduled && !wanted) return;
    const because = state.wantBackup ?? `BACKUP_SCHEDULE is ${config.schedule}`;
    const taken = await takeBackup(because, barman);
    if (taken && state.wantBackup === because) {
      state.wantBackup = null;
      await remove(wantedBackupPath(config));
    }
    notBeforeMs = clock.nowMs() + retryMs;
    if (scheduled && !barman.stop.aborted) plan();
  }, {
    clock,
    signal: barman.stop,
    onError: (error) => log.error("A base backup could not be started", { error }),
  });
}

/** Asks for a base backup at once. The wish survives restarts until a backup has been taken. */
export async function wantBackup(because: string, barman: Barman): Promise<void> {
  barman.state.wantBackup = because;
  await writeAtomic(wantedBackupPath(barman.config), because, { mode: 0o644, owner: postgresAccount });
}

/** Takes one base backup; returns true if its copy is complete. The duties fetch its last WAL. */
async function takeBackup(because: string, barman: Barman): Promise<boolean> {
  const { state, clock, log, config, stop } = barman;
  const since = clock.nowMs();
  log.info("Base backup starts", { host: state.primary, because });
  state.backup.runningSinceMs = since;
  const lines: string[] = [];
  const child = supervise(
    { ...backupChild(config.serverName), onLine: (line) => keepLine(line, lines, barman) },
    barman,
  );
  const exit = await endOf(child, stop);
  state.backup.runningSinceMs = null;
  await clock.sleep(100); // its last lines may come after its exit
  const durationMs = Math.round(clock.nowMs() - since);
  lookAgain(barman);
  if (exit.code === 0) {
    log.info("Base backup copied", { durationMs, ...summary(lines) });
    return true;
  }
  if (stop.aborted) {
    log.warn("Base backup cut off: the container stops", { durationMs });
    return false;
  }
  log.error("Base backup failed", {
    durationMs,
    because: reasonOf(lines, exit),
    fix:
      `run \`barman check ${config.serverName}\` in this container to see what is wrong; BACKUP_SCHEDULE takes the next ` +
      "backup, `postdock barman backup` takes one now",
  });
  return false;
}

async function endOf(child: Supervised, stop: AbortSignal): Promise<ChildExit> {
  const forget = onAbort(stop, () => void child.stop());
  const exit = await child.exited();
  forget();
  return exit;
}

function keepLine(line: string, lines: string[], barman: Barman): void {
  lines.push(line);
  if (lines.length > 50) lines.shift();
  barman.log.debug("Output", { process: "backup", line });
}

/** What barman printed about a backup that succeeded. */
export function summary(lines: readonly string[]): { id: string | null; size: string | null } {
  const text = lines.join("\n");
  return {
    id: /\/base\/(\d{8}T\d{6})/.exec(text)?.[1] ?? null,
    size: /^Backup size: (.+)$/m.exec(text)?.[1] ?? null,
  };
}

/** Why a backup failed, in barman's words. */
export function reasonOf(lines: readonly string[], exit: Pick<ChildExit, "code" | "signal">): string {
  const errors = lines.filter((line) => /^(ERROR|EXCEPTION|DETAILS)|error:/.test(line));
  return errors.slice(-3).join(" | ") || lines.at(-1) || `barman ended with ${exit.code ?? exit.signal}`;
}
