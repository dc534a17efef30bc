// Watches the standby that a base backup is copied from.
import type { Barman } from "../state.ts";
import { type BackupSource, whyLost } from "../decide/backup-source.ts";
import { lookAt } from "./backup-source.ts";

const lookEveryMs = 5_000;
/** So many looks in a row have to find a standby silent, or without a stream, before its backup is ended. */
const mostMisses = 3;

/** Watches it until the signal. Returns why the backup is to be ended; null: the signal came first. */
export async function watchSource(
  source: BackupSource,
  barman: Pick<Barman, "config" | "clock" | "peers">,
  signal: AbortSignal,
): Promise<string | null> {
  if (source.role === "primary") return null;
  for (let misses = 0; !signal.aborted;) {
    await barman.clock.sleep(lookEveryMs, signal);
    if (signal.aborted) return null;
    const node = await lookAt(source.host, barman, null);
    const lost = node.seen === "reached" ? whyLost(node.state, source.of) : null;
    if (lost !== null) return `${source.host} ${lost}`;
    if (node.seen === "reached" && node.state.streaming) misses = 0;
    else if (++misses >= mostMisses) {
      return `${source.host} ${node.seen === "reached" ? "has stopped streaming" : `does not answer: ${node.error}`}`;
    }
  }
  return null;
}
