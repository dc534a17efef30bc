// Brings a diverged data directory back onto the primary's timeline with pg_rewind. Needs no running server here.
import { join } from "node:path";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { type Ways, writeStandbyState } from "../tools/settings.ts";
import { upstreamConnection } from "../tools/upstream.ts";
import { renderConninfo } from "../../../core/postgres/conninfo.ts";
import {
  clearJournal,
  clearStaging,
  moveIntoPlace,
  stage,
  stagingDirectory,
  stateDirectory,
  unstage,
  writeJournal,
} from "./journal.ts";
import { readControlData } from "../observe/control-data.ts";
import { removeBeyondForks } from "./timelines.ts";
import { keepsOldData } from "./tablespaces.ts";
import { passfilePath } from "../text/repmgr-conf.ts";

/** A rewind that is under way: to which primary, and which files came from barman. */
export interface RewindUnderWay {
  to: string;
  fetched: string[];
}

export interface RewindDeps {
  config: NodeConfig;
  /** postgresql.conf of this node */
  serverConfig: string;
  log: Log;
  clock: Clock;
  peers: Ways;
  signal: AbortSignal;
}

/** pg_rewind says this last before it changes anything but what crash recovery would (main() in pg_rewind.c). */
const beginsToChange = /need to copy/;

/**
 * Runs pg_rewind against `host`. It asks the agent for WAL that this node no longer has (fetch-wal.ts). Returns why it failed,
 * or null: if it failed, the node has to be cloned. Until pg_rewind has begun to change the data, they stay as they were, and count.
 */
export async function rewind(host: string, deps: RewindDeps): Promise<string | null> {
  const { config, log, clock } = deps;
  const since = clock.nowMs();
  const { port } = upstreamConnection(host, config);
  const source = renderConninfo({
    ...deps.peers.names.wayTo(host),
    port,
    user: config.replicationUser,
    dbname: config.replicationDb,
    connect_timeout: 5,
    passfile: passfilePath,
    tcp_user_timeout: 30_000,
  }, config);
  const keeping = await keepsOldData(config.pgdata);
  if (keeping !== null) {
    const why = `pg_rewind would remove the old data that are kept in the tablespace at ${keeping}`;
    log.warn("Not rewound", { why });
    return why;
  }
  log.info("Rewinding", { to: host });
  const journal = { source: host, startedAt: new Date(clock.wallMs()).toISOString() };
  await writeJournal(config.pgdata, { ...journal, phase: "rewinding" });
  // only the rewind has a restore_command: a standby that asked barman first would be slow to promote
  const restore = "restore_command = '/usr/local/bin/postdock postgres-node fetch-wal %f'\n";
  const settings = join(stateDirectory(config.pgdata), "rewind.conf");
  await writeAtomic(settings, deps.serverConfig + restore, { mode: 0o600, owner: postgresAccount });
  await clearStaging(config.pgdata);
  await stage(config.pgdata);
  const target = stagingDirectory(config.pgdata);
  const argv = ["pg_rewind", "--target-pgdata", target, "--source-server", source];
  argv.push("--restore-target-wal", "--config-file", settings, "--progress");
  let changed = false;
  const result = await tryRun(argv, {
    as: postgresAccount,
    timeoutMs: 3_600_000,
    signal: deps.signal,
    env: { LC_ALL: "C" },
    onLine: (line) => {
      changed ||= beginsToChange.test(line);
      log.debug("Output", { process: "pg_rewind", line });
    },
  });
  const seconds = Math.round((clock.nowMs() - since) / 100) / 10;
  if (result.code !== 0) {
    const why = commandErrorText(result);
    log.warn("The rewind failed", { to: host, seconds, dataChanged: changed, why });
    await unstage(config.pgdata);
    if (!changed) await clearJournal(config.pgdata);
    return why;
  }
  if (changed) await removeBeyondForks(target, (await readControlData(target)).segmentBytes, log);
  // until it has streamed past the rewind, the directory has to start as a standby, whatever the next start sees
  await writeStandbyState(host, { ...deps, config: { ...config, pgdata: target } });
  await writeJournal(config.pgdata, { ...journal, phase: "moving-out" });
  await moveIntoPlace(config.pgdata, log);
  log.info("Rewound", { to: host, seconds });
  return null;
}
