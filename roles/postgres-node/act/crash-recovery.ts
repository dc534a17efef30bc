// Crash recovery for a node that cannot start as a standby without it (decide/crash-recovery.ts).
import type { Trouble } from "../../../core/protocol/trouble.ts";
import { lacksPages, whyCrashRecovery } from "../decide/crash-recovery.ts";
import { type Node, say } from "../node.ts";
import { endServer } from "./end-server.ts";

/** What is known of it since this node last served. */
export interface CrashRecovery {
  /** it has been tried: it is not tried again before a start has succeeded */
  crashRecovered: boolean;
}

/**
 * Completes the crash recovery once, if that can help. True if it has: then what this node does is decided anew, with the data
 * of a former primary. Whatever comes of it, no process of it is left.
 */
export async function recoverFromCrash(trouble: Trouble, node: Node, tried: CrashRecovery): Promise<boolean> {
  const { clock, doors, history, lease, memory, stop } = node;
  if (tried.crashRecovered || stop.aborted || !lacksPages(trouble.because)) return false;
  const { granted, restore } = memory.now;
  const control = await doors.data.control();
  const why = whyCrashRecovery({ control, granted, restoring: restore !== null });
  if (why === null) return false;
  tried.crashRecovered = true;
  const because = `${trouble.because}: ${why}`;
  // it acknowledges nothing and may take long: another node may lead meanwhile
  await lease.release(because);
  say(node, "recovering", "completing the crash recovery", because);
  const since = clock.nowMs();
  let failed: string | null;
  try {
    failed = await doors.data.recoverAlone();
  } finally {
    await endServer(node);
  }
  const tookMs = Math.round(clock.nowMs() - since);
  if (failed === null) history.note("Crash recovery completed", { because, tookMs });
  else if (!stop.aborted) history.warn("The crash recovery failed", { because, why: failed, tookMs });
  return failed === null;
}
