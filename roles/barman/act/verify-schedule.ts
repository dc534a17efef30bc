// Verifies the newest backup by schedule.
import { nextRunMs } from "../../../config/cron.ts";
import { errorText } from "../../../core/words/errors.ts";
import { every } from "../../../core/runtime/time.ts";
import type { Barman } from "../state.ts";
import { readVerified, verify, verifyDeps } from "./verify.ts";

const tickMs = 10_000;

/** Verifies by VERIFY_SCHEDULE until the role stops, never beside a base backup. */
export async function keepVerified(barman: Barman): Promise<void> {
  const { clock, config, log, state, stop } = barman;
  const say = (line: string) => log.debug("Output", { process: "verify", line: line.trim() });
  let nextMs = config.verifySchedule === "" ? null : nextRunMs(config.verifySchedule, clock.wallMs());
  await every(tickMs, async () => {
    state.verified = await readVerified(config);
    if (nextMs === null || clock.wallMs() < nextMs || state.backup.runningSinceMs !== null) return;
    nextMs = nextRunMs(config.verifySchedule, clock.wallMs());
    log.info("Verifying the newest backup", { because: `VERIFY_SCHEDULE is ${config.verifySchedule}` });
    const verified = state.verified = await verify(null, verifyDeps(config, { clock, say, signal: stop }));
    if (verified.error === null) return log.info("The newest backup can be restored", { ...verified });
    log.error("The newest backup cannot be restored as it should", {
      ...verified,
      fix: "take another backup: postdock barman backup; then postdock barman verify",
    });
  }, {
    clock,
    signal: stop,
    onError: (error) => {
      if (!stop.aborted) log.error("The newest backup could not be verified", { because: errorText(error) });
    },
  });
}
