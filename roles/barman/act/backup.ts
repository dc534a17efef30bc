// Base backups: by schedule, at first, and when one is wanted. One that failed, or was cut off, is taken again after a pause.
import { nextRunMs } from "../../../config/cron.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import { every } from "../../../core/runtime/time.ts";
import { mayBegin, retryPauseMs, wish } from "../decide/backups.ts";
import { wantedBackupPath } from "../text/places.ts";
import { notFailed } from "./backup-source.ts";
import { takeBackup } from "./take-backup.ts";
import type { Barman } from "../state.ts";

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
  let failed = notFailed;
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
    if (because === null || !mayBegin(state)) return;
    const taken = await takeBackup(because, failed, barman);
    failed = taken.failed;
    if (taken.copied) {
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
