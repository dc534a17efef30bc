// Clones this node from its upstream: pg_basebackup into a directory inside the volume, then a journalled move.
// The old data stays until the clone is complete, unless there is no room for both.
import { sizeText } from "../../../core/words/amounts.ts";
import { join } from "node:path";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { errorText, OperatorError } from "../../../core/words/errors.ts";
import { diskSpace, remove } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { remedyFor } from "../../../core/postgres/remedy.ts";
import { renderConninfo } from "../../../core/postgres/conninfo.ts";
import * as journal from "./journal.ts";
import { holdOlder } from "./timelines.ts";
import { connectRemote, ensureSlot, readDataBytes, withConnection } from "../tools/queries.ts";
import { upstreamConnection } from "../tools/upstream.ts";
import { writeStandbyState } from "../tools/settings.ts";
import { passfilePath, slotName } from "../text/repmgr-conf.ts";

export interface CloneDeps {
  config: NodeConfig;
  log: Log;
  clock: Clock;
  signal: AbortSignal;
}

/** Clones from `host`. Throws OperatorError; the next attempt recognises what was left and begins again. */
export async function clone(host: string, deps: CloneDeps): Promise<void> {
  const { config, log, clock } = deps;
  const since = clock.nowMs();
  const startedAt = new Date(clock.wallMs()).toISOString();
  if ((await journal.readJournal(config.pgdata))?.phase === "rewinding") await journal.unstage(config.pgdata);
  await journal.writeJournal(config.pgdata, { phase: "copying", source: host, startedAt });
  await journal.clearStaging(config.pgdata);
  const bytes = await prepareUpstream(host, config);
  await makeRoom(bytes, deps);
  await baseBackup(host, bytes, deps);
  // the settings are those of the source, which may be a standby of nobody: then this node would count as a former primary
  await writeStandbyState(host, { ...config, pgdata: journal.stagingDirectory(config.pgdata) });
  await holdOlder(journal.stagingDirectory(config.pgdata));
  await journal.writeJournal(config.pgdata, { phase: "moving-out", source: host, startedAt });
  await journal.moveIntoPlace(config.pgdata, log);
  log.info("Cloned", { from: host, bytes, seconds: Math.round((clock.nowMs() - since) / 100) / 10 });
}

async function prepareUpstream(host: string, config: NodeConfig): Promise<number> {
  const remote = upstreamConnection(host, config);
  try {
    return await withConnection(connectRemote(remote), 15_000, async (sql) => {
      if (config.useSlots) await ensureSlot(sql, slotName(config.id));
      return await readDataBytes(sql);
    });
  } catch (error) {
    throw new OperatorError({
      what: `Cannot clone from "${host}"`,
      why: errorText(error),
      fix: remedyFor(errorText(error), config) ??
        `give this node and ${host} the same REPLICATION_USER, REPLICATION_PASSWORD and REPLICATION_DB; check pg_hba.conf on ${host}`,
      cause: error,
    });
  }
}

/** Removes the old data first if it and the clone do not both fit: the upstream has a complete copy. */
async function makeRoom(bytes: number, { config, log }: CloneDeps): Promise<void> {
  const needed = bytes * 1.1 + 64 * 1024 * 1024;
  const { freeBytes } = await diskSpace(config.pgdata);
  if (freeBytes >= needed) return;
  const entries = await journal.dataEntries(config.pgdata);
  if (entries.length === 0) throw noRoom(config.pgdata, needed, freeBytes);
  log.warn("Removing the old data directory before the clone: the volume has no room for both", {
    freeBytes,
    neededBytes: Math.round(needed),
    entries: entries.length,
  });
  await remove(join(config.pgdata, "PG_VERSION"));
  for (const name of entries) await remove(join(config.pgdata, name));
  const after = await diskSpace(config.pgdata);
  if (after.freeBytes < needed) throw noRoom(config.pgdata, needed, after.freeBytes);
}

function noRoom(pgdata: string, needed: number, free: number): OperatorError {
  return new OperatorError({
    what: `The volume at ${pgdata} has no room for a clone`,
    why: `the clone needs ${sizeText(needed)}, but only ${sizeText(free)} is free`,
    fix: "give this node a larger volume, or free space on it",
  });
}

async function baseBackup(host: string, bytes: number, deps: CloneDeps): Promise<void> {
  const { config, log, clock } = deps;
  const { port } = upstreamConnection(host, config);
  const target = journal.stagingDirectory(config.pgdata);
  const conninfo = renderConninfo({
    host,
    port,
    user: config.replicationUser,
    application_name: `${config.name}_clone`,
    connect_timeout: 5,
    passfile: passfilePath,
    tcp_user_timeout: 30_000,
    keepalives_idle: 5,
    keepalives_interval: 5,
    keepalives_count: 4,
  });
  const slot = config.useSlots ? ["--slot", slotName(config.id)] : [];
  const argv = ["pg_basebackup", "--dbname", conninfo, "--pgdata", target, "--wal-method=stream", "--checkpoint=fast"];
  log.info("Cloning", { from: host, bytes });
  let reported = clock.nowMs();
  const result = await tryRun([...argv, ...slot, "--no-password", "--progress", "--verbose"], {
    as: postgresAccount,
    timeoutMs: 24 * 3_600_000,
    signal: deps.signal,
    keepBytes: 64 * 1024,
    onLine: (line) => {
      const progress = /^\s*(\d+)\/(\d+) kB \((\d+)%\)/.exec(line);
      if (!progress) return log.debug("Output", { process: "pg_basebackup", line });
      if (clock.nowMs() - reported < config.recoveryCheckSeconds * 1000) return;
      reported = clock.nowMs();
      log.info("Clone in progress", { from: host, percent: Number(progress[3]), kB: Number(progress[1]) });
    },
  });
  if (result.code === 0) return;
  throw new OperatorError({
    what: `The clone from "${host}" failed`,
    why: commandErrorText(result),
    fix: remedyFor(commandErrorText(result), config) ??
      `wait for the next attempt, which is automatic; if it keeps failing, see the log of ${host}`,
  });
}
