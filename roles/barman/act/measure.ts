// Measures what metrics show of the receiver and of what can be restored, beside the other loops and beside a scrape.
import { errorText } from "../../../core/words/errors.ts";
import { every } from "../../../core/runtime/time.ts";
import { momentsOf, windowsFromNewest } from "../decide/moments.ts";
import { type LagPoints, measureLag } from "../decide/receiver-lag.ts";
import { presentTimeline } from "../decide/restore-plan.ts";
import { loginTo } from "../tools/login.ts";
import { readReceiver, visit } from "../tools/queries.ts";
import type { Barman } from "../state.ts";
import { readRecoverable } from "./archive.ts";
import { timeWindows } from "./window-times.ts";

/** How often the receiver is looked at, and how long that may take, milliseconds. */
const lagEveryMs = 10_000;
const lagMs = 5_000;
/** Reading what can be restored costs a look at every file of the archive: it takes at most this share of the time. */
const momentsEveryMs = 60_000;
const momentsShare = 1 / 20;

/** Measures until the role stops. Never throws. */
export async function keepMeasured(barman: Barman): Promise<void> {
  await Promise.all([measureReceiver(barman), measureMoments(barman)]);
}

async function measureReceiver(barman: Barman): Promise<void> {
  const { clock, config, log, state, stop } = barman;
  let points: LagPoints = [];
  const unseen = () => {
    if (state.lag !== null) state.lag = { ...state.lag, bytes: null, seconds: null };
  };
  await every(lagEveryMs, async () => {
    if (state.primary === null) return unseen();
    const seen = await visit(loginTo(state.primary, barman), lagMs, (sql) => readReceiver(sql, config.slotName));
    if (seen === null) return unseen();
    const measured = measureLag(points, { ...seen, atMs: clock.nowMs() });
    points = measured.points;
    state.lag = measured.lag;
  }, {
    clock,
    signal: stop,
    onError: (error) => {
      unseen();
      log.debug("How far the receiver is behind cannot be seen", { why: errorText(error) });
    },
  });
}

async function measureMoments(barman: Barman): Promise<void> {
  const { clock, log, stop } = barman;
  let said: string | null = null;
  while (!stop.aborted) {
    const startedMs = clock.nowMs();
    try {
      await readMoments(barman);
      said = null;
    } catch (error) {
      const why = errorText(error);
      if (why !== said && !stop.aborted) log.warn("What can be restored could not be read for the metrics", { why });
      said = why;
    }
    await clock.sleep(Math.max(momentsEveryMs, (clock.nowMs() - startedMs) / momentsShare), stop);
  }
}

async function readMoments({ clock, config, state }: Barman): Promise<void> {
  const atMs = clock.nowMs();
  const { sources, windows } = await readRecoverable(config);
  const { archive, backups, received } = sources;
  const all = [...windows, ...windowsFromNewest(windows, backups, archive)];
  const { timed, gone } = await timeWindows(all, sources, config);
  if (gone) return; // WAL was removed meanwhile: the next round knows more, and until then the age says it
  state.moments = { atMs, ...momentsOf(timed, backups, presentTimeline(received, archive)) };
}
