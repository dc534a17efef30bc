// Watches how far a base backup is, for /status, metrics and the log.
import { sizeText } from "../../../core/words/amounts.ts";
import { errorText } from "../../../core/words/errors.ts";
import { every } from "../../../core/runtime/time.ts";
import { progressOf } from "../decide/progress.ts";
import { loginTo } from "../tools/login.ts";
import { readBackupProgress, visit } from "../tools/queries.ts";
import type { Barman } from "../state.ts";

const lookEveryMs = 5_000;
const lookMs = 4_000;
const logEveryMs = 30_000;

/** Looks at the server of `host` until the signal. A look that fails changes nothing: the backup does not depend on it. */
export async function watchProgress(host: string, barman: Barman, signal: AbortSignal): Promise<void> {
  const { clock, log, state } = barman;
  let sinceMs: number | null = null;
  let loggedMs = clock.nowMs();
  await every(lookEveryMs, async () => {
    const seen = await visit(loginTo(host, barman), lookMs, readBackupProgress);
    if (seen === null || signal.aborted) return;
    if (seen.streamedBytes > 0) sinceMs ??= clock.nowMs() - lookEveryMs;
    const progress = state.backup.progress = progressOf(seen, sinceMs === null ? 0 : clock.nowMs() - sinceMs);
    if (clock.nowMs() - loggedMs < logEveryMs) return;
    loggedMs = clock.nowMs();
    const { bytesPerSecond, leftSeconds, streamedBytes, totalBytes } = progress;
    log.info("Base backup under way", {
      copied: sizeText(streamedBytes),
      of: totalBytes === null ? null : sizeText(totalBytes),
      perSecond: bytesPerSecond === null ? null : sizeText(bytesPerSecond),
      leftSeconds,
    });
  }, {
    clock,
    signal,
    onError: (error) => log.debug("The progress of the base backup cannot be seen", { host, why: errorText(error) }),
  });
  state.backup.progress = null;
}
