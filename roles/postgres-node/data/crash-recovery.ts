// Completes the crash recovery of a data directory without a server that anybody could connect to, as pg_rewind does.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { writePrimaryState } from "../tools/settings.ts";

/** As long as a rewind may take, of which it is a part otherwise, milliseconds. */
const longestMs = 3_600_000;

/**
 * Replays the WAL that is here to its end, writes a checkpoint and ends. Returns why it failed, or null. After a timeout or a
 * stop its process may not be gone yet: the caller sees to that.
 */
export async function recoverAlone(
  { config, log, signal }: { config: NodeConfig; log: Log; signal: AbortSignal },
): Promise<string | null> {
  await writePrimaryState(config); // a single-user server refuses standby.signal
  const result = await tryRun(["postgres", "--single", "-D", config.pgdata, "template1"], {
    as: postgresAccount,
    timeoutMs: longestMs,
    signal,
    env: { LC_ALL: "C" },
    onLine: (line) => log.info("Output", { process: "postgres --single", line }),
  });
  return result.code === 0 ? null : commandErrorText(result);
}
