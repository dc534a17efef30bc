// Brings a diverged data directory back onto the primary's timeline with pg_rewind. Needs no running server here.
import { join } from "node:path";
import type { NodeConfig } from "../../config/postgres-node.ts";
import { commandErrorText, postgresAccount, tryRun } from "../runtime/command.ts";
import { writeAtomic } from "../runtime/files.ts";
import type { Log } from "../runtime/log.ts";
import type { Clock } from "../runtime/time.ts";
import { upstreamConnection } from "./clone.ts";
import { renderConninfo } from "./conninfo.ts";
import { clearJournal, writeJournal } from "./journal.ts";
import { passfilePath } from "./repmgr-conf.ts";

/** Runs pg_rewind against `host`. False where it could not: then the node has to be cloned. */
export async function rewind(
  host: string,
  deps: { config: NodeConfig; log: Log; clock: Clock; signal: AbortSignal },
): Promise<boolean> {
  const { config, log, clock } = deps;
  const since = clock.nowMs();
  const { port } = upstreamConnection(host, config);
  const source = renderConninfo({
    host,
    port,
    user: config.replicationUser,
    dbname: config.replicationDb,
    connect_timeout: 5,
    passfile: passfilePath,
    tcp_user_timeout: 30_000,
  });
  const argv = ["pg_rewind", "--target-pgdata", config.pgdata, "--source-server", source];
  log.info("Rewinding", { to: host });
  await writeJournal(config.pgdata, {
    phase: "rewinding",
    source: host,
    startedAt: new Date(clock.wallMs()).toISOString(),
  });
  const result = await tryRun(argv, {
    as: postgresAccount,
    timeoutMs: 3_600_000,
    signal: deps.signal,
    env: { LC_ALL: "C" },
    onLine: (line) => log.debug("Output", { process: "pg_rewind", line }),
  });
  const seconds = Math.round((clock.nowMs() - since) / 100) / 10;
  if (result.code !== 0) {
    log.warn("The rewind failed", { to: host, seconds, why: commandErrorText(result) });
    return false;
  }
  // until it has streamed past the rewind the directory is a standby's, whatever the next start sees
  await writeAtomic(join(config.pgdata, "standby.signal"), "", { mode: 0o600, owner: postgresAccount });
  await clearJournal(config.pgdata);
  log.info("Rewound", { to: host, seconds });
  return true;
}
