// Base backups: by schedule, at first, and when one is wanted. One that failed, or was cut off, is taken again after a pause.
import { nextRunMs } from "../../../config/cron.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import { every, untilAborted } from "../../../core/runtime/time.ts";
import { type ChildExit, supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { retryPauseMs, scheduled, wish } from "../decide/backups.ts";
import { receives } from "../decide/health.ts";
import { backupChild } from "../tools/barman-cli.ts";
import { wantedBackupPath } from "../text/places.ts";
import { watchProgress } from "./progress.ts";
import { type Barman, lookAgain } from "../state.ts";

const tickMs = 1_000;

/** Takes base backups until the role stops. What is wanted is wanted until a backup has been taken, also after a restart. */
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
  const pause = new RetryPause(barman);
  let takenMs = -Infinity;
  await every(tickMs, async () => {
    if (pause.lasts()) return;
    const wallMs = clock.wallMs();
    const { nextWallMs } = state.backup;
    const { catalog } = state;
    const because = wish({
      onStart: config.onStart,
      schedule: config.schedule,
      wallMs,
      nextWallMs,
      wanted: state.wantBackup,
      backups: catalog !== null && catalog.atMs > takenMs ? catalog.backups : null,
    });
    if (because !== state.wantBackup) await (because === null ? forgetWish(barman) : wantBackup(because, barman));
    if (nextWallMs !== null && wallMs >= nextWallMs) plan();
    if (because === null || !receives(state)) return;
    if (await takeBackup(because, barman)) {
      pause.over();
      takenMs = clock.nowMs();
      if (state.wantBackup === because) await forgetWish(barman);
    } else if (!barman.stop.aborted) pause.begin();
  }, {
    clock,
    signal: barman.stop,
    onError: (error) => {
      log.error("A base backup could not be started", { error });
      pause.begin();
    },
  });
}

/** The pause after a failure, which ends when another node becomes primary: what failed may work there. */
class RetryPause {
  private failures = 0;
  private untilMs = -Infinity;
  private host: string | null = null;

  constructor(private readonly barman: Barman) {}

  lasts(): boolean {
    const { clock, state } = this.barman;
    if (state.primary !== this.host) this.over();
    return clock.nowMs() < this.untilMs;
  }

  begin(): void {
    const { clock, log, state } = this.barman;
    const afterMs = retryPauseMs(++this.failures);
    this.untilMs = clock.nowMs() + afterMs;
    log.info("The base backup is tried again", { failures: this.failures, afterMs, because: state.wantBackup });
  }

  over(): void {
    Object.assign(this, { failures: 0, untilMs: -Infinity, host: this.barman.state.primary });
  }
}

/** Asks for a base backup at once. The wish survives restarts until a backup has been taken. */
export async function wantBackup(because: string, barman: Barman): Promise<void> {
  barman.state.wantBackup = because;
  await writeAtomic(wantedBackupPath(barman.config), because, { mode: 0o644, owner: postgresAccount });
}

async function forgetWish({ config, state }: Barman): Promise<void> {
  state.wantBackup = null;
  await remove(wantedBackupPath(config));
}

/** Takes one base backup; returns true if its copy is complete. The duties fetch its last WAL. */
async function takeBackup(because: string, barman: Barman): Promise<boolean> {
  const { state, clock, log, config, stop } = barman;
  const since = clock.nowMs();
  const host = state.primary;
  log.info("Base backup starts", { host, because });
  state.backup.runningSinceMs = since;
  const lines: string[] = [];
  const child = supervise(
    {
      ...backupChild(config.serverName, { gentle: because === scheduled(config.schedule) }),
      onLine: (line) => keepLine(line, lines, barman),
    },
    barman,
  );
  const ended = new AbortController();
  const watched = host === null ? null : watchProgress(host, barman, ended.signal);
  const exit = await endOf(child, barman);
  ended.abort();
  await watched;
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
  if (state.primary !== host) {
    log.warn("Base backup cut off: another node has become primary", { durationMs, from: host, to: state.primary });
    return false;
  }
  log.error("Base backup failed", {
    durationMs,
    because: reasonOf(lines, exit),
    fix: `run \`barman check ${config.serverName}\` in this container to see what is wrong`,
  });
  return false;
}

/** Waits for its end. A backup of a node that is no longer the primary would never get its last WAL, and is ended. */
async function endOf(child: Supervised, barman: Barman): Promise<ChildExit> {
  const { state, stop } = barman;
  const host = state.primary;
  const exited = child.exited();
  while (child.running()) {
    const ended = AbortSignal.any([stop, barman.primaryChange.signal]);
    await Promise.race([exited, untilAborted(ended)]);
    if (stop.aborted || state.primary !== host) await child.stop();
  }
  return await exited;
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
