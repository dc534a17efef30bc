// The primary notes when the loss of one more voter would leave no majority, and when that is over.
import { safetyLost } from "../decide/failover-safety.ts";
import type { Node } from "../node.ts";

const lookMs = 500;
/** A voter that restarts is back within this, milliseconds: only what lasts longer is noted. */
const steadyMs = 5_000;

/** Looks until the node stops. It never throws. */
export async function watchFailoverSafety(
  { clock, config, history, lease, stop }: Pick<Node, "clock" | "config" | "history" | "lease" | "stop">,
): Promise<void> {
  let sinceMs: number | null = null;
  let noted = false;
  while (!stop.aborted) {
    const held = lease.held();
    const because = safetyLost({ held, voters: config.electorate.length, refusals: lease.refusalTexts() });
    sinceMs = because === null ? null : sinceMs ?? clock.nowMs();
    if (because === null) {
      if (noted && held) history.note("Failover safety restored", { because: "enough voters grant the lease again" });
      noted = false;
    } else if (!noted && clock.nowMs() - sinceMs! >= steadyMs) {
      history.warn("Failover safety lost", { because });
      noted = true;
    }
    await clock.sleep(lookMs, stop);
  }
}
