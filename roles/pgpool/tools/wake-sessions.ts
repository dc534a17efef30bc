// Ends the sleep of sessions that have met a change of pgpool's backends.
import { constants } from "node:os";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { handlesSignal, titledOf } from "../../../core/runtime/proc.ts";
import { signalAs } from "../../../core/runtime/signal-as.ts";
import type { Clock } from "../../../core/runtime/time.ts";

/** When they are woken, milliseconds after the change was ordered: it takes 50 on a quiet machine. */
const wakeMs = [20, 40, 60, 80, 100, 150, 250, 500];

const signal = "SIGUSR2";

/**
 * A session that meets a change of the backends sleeps for a whole second, however short the change is, and then looks again,
 * 30 times at most (wait_for_failover_to_finish of pgpool 4.6.1). SIGUSR2 is for waking sessions, and does nothing else there.
 * pgpool's main process would pass it on, but waits for a second itself then. Never throws.
 */
export async function wakeSessions(clock: Clock): Promise<void> {
  const since = clock.nowMs();
  for (const ms of wakeMs) {
    await clock.sleep(Math.max(0, since + ms - clock.nowMs()));
    const sessions = titledOf("pgpool").filter(({ title }) => !title.startsWith("pgpool: PCP")).map((p) => p.pid);
    await signalAs(postgresAccount, sessions.filter((pid) => handlesSignal(pid, constants.signals[signal])), signal);
  }
}
