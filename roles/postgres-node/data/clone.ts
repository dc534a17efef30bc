// Clones this node from its upstream: pg_basebackup into a directory inside the volume, then a journalled move.
// The old data stays until the clone is complete, unless there is no room for both.
import { sizeText } from "../../../core/words/amounts.ts";
import { join } from "node:path";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { errorText, OperatorError } from "../../../core/words/errors.ts";
import { remove } from "../../../core/runtime/files.ts";
import type { Peers } from "../../../core/client/peers.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { concerned } from "../../../core/postgres/concerned.ts";
import { remedyFor } from "../../../core/postgres/remedy.ts";
import { renderConninfo } from "../../../core/postgres/conninfo.ts";
import * as journal from "./journal.ts";
import { forgetReplaced } from "./restore.ts";
import { clearContent, linkedLocations, linkTablespaces } from "./tablespaces.ts";
import { holdOlder } from "./timelines.ts";
import { ensurePlace, lacking, misplaced } from "./volumes.ts";
import { ensureSlot, withRemote } from "../tools/queries.ts";
import { readDataBytes, readTablespaces, type TablespaceSeen } from "../tools/size-queries.ts";
import { upstreamConnection } from "../tools/upstream.ts";
import { writeStandbyState } from "../tools/settings.ts";
import { passfilePath, slotName } from "../text/repmgr-conf.ts";

export interface CloneDeps {
  config: NodeConfig;
  log: Log;
  clock: Clock;
  signal: AbortSignal;
  peers: Pick<Peers, "names">;
  /** the data from before a restore may go, since a base backup from after it is whole */
  keptMayGo: boolean;
}

/** Clones from `host`. Throws OperatorError; the next attempt recognises what was left and begins again. */
export async function clone(host: string, deps: CloneDeps): Promise<void> {
  const { config, log, clock } = deps;
  const since = clock.nowMs();
  const startedAt = new Date(clock.wallMs()).toISOString();
  if ((await journal.readJournal(config.pgdata))?.phase === "rewinding") await journal.unstage(config.pgdata);
  await journal.clearStaging(config.pgdata);
  await journal.writeJournal(config.pgdata, { phase: "copying", source: host, startedAt });
  const source = await prepareUpstream(host, deps);
  const locations = source.tablespaces.map((t) => t.location);
  const tablespaces = [...new Set([...locations, ...await linkedLocations(config.pgdata)])];
  await journal.writeJournal(config.pgdata, { phase: "copying", source: host, startedAt, tablespaces });
  await makeRoom(source, deps);
  await journal.clearStaging(config.pgdata);
  for (const location of locations) await ensurePlace(location);
  await baseBackup(host, source, deps);
  await linkTablespaces(journal.stagingDirectory(config.pgdata), source.tablespaces);
  // the settings are those of the source, which may be a standby of nobody: then this node would count as a former primary
  await writeStandbyState(host, { ...deps, config: { ...config, pgdata: journal.stagingDirectory(config.pgdata) } });
  await holdOlder(journal.stagingDirectory(config.pgdata));
  await journal.writeJournal(config.pgdata, { phase: "moving-out", source: host, startedAt, tablespaces });
  await journal.moveIntoPlace(config.pgdata, log);
  log.info("Cloned", { from: host, bytes: source.bytes, seconds: Math.round((clock.nowMs() - since) / 100) / 10 });
}

/** What is cloned: its size in bytes, and its tablespaces, which are part of that. */
interface Source {
  bytes: number;
  tablespaces: TablespaceSeen[];
}

async function prepareUpstream(host: string, { config, peers }: CloneDeps): Promise<Source> {
  const remote = upstreamConnection(host, config);
  try {
    return await withRemote(remote, peers.names, 15_000, async (sql) => {
      if (config.useSlots) await ensureSlot(sql, slotName(config.id));
      return { bytes: await readDataBytes(sql), tablespaces: await readTablespaces(sql) };
    });
  } catch (error) {
    throw new OperatorError({
      what: `Cannot clone from "${host}"`,
      why: errorText(error),
      fix: remedyFor(errorText(error), concerned(`ERROR:  ${errorText(error)}`, config, host)) ??
        `give this node and ${host} the same REPLICATION_USER, REPLICATION_PASSWORD and REPLICATION_DB; check pg_hba.conf on ${host}`,
      cause: error,
    });
  }
}

/** Removes the old data first if it and the clone do not both fit: the upstream has a complete copy. */
async function makeRoom({ bytes, tablespaces }: Source, deps: CloneDeps): Promise<void> {
  const { config: { pgdata }, keptMayGo, log } = deps;
  const why = await misplaced(pgdata, tablespaces);
  if (why !== null) {
    throw new OperatorError({
      what: "This node has no place for a clone",
      why,
      fix: "correct that, as on the other nodes",
    });
  }
  const inTablespaces = tablespaces.reduce((sum, t) => sum + t.bytes, 0);
  const needs = [
    { path: pgdata, bytes: Math.max(0, bytes - inTablespaces) * 1.1 + 64 * 1024 * 1024 },
    ...tablespaces.map((t) => ({ path: t.location, bytes: t.bytes * 1.1 })),
  ];
  let before = await lacking(needs);
  if (before !== null && keptMayGo) {
    await forgetReplaced(pgdata, "the volume has no room for a clone otherwise", log);
    before = await lacking(needs);
  }
  if (before === null) return;
  const entries = await journal.dataEntries(pgdata);
  if (entries.length === 0) throw noRoom(before);
  log.warn("Removing the old data directory before the clone: the volume has no room for both", {
    volume: before.path,
    freeBytes: before.freeBytes,
    neededBytes: Math.round(before.bytes),
    entries: entries.length,
  });
  const elsewhere = await linkedLocations(pgdata);
  await remove(join(pgdata, "PG_VERSION"));
  await clearContent(elsewhere);
  for (const name of entries) await remove(join(pgdata, name));
  const after = await lacking(needs);
  if (after !== null) throw noRoom(after);
}

function noRoom({ path, bytes, freeBytes }: { path: string; bytes: number; freeBytes: number }): OperatorError {
  return new OperatorError({
    what: `The volume at ${path} has no room for a clone`,
    why: `the clone needs ${sizeText(bytes)}, but only ${sizeText(freeBytes)} is free`,
    fix: "give this node a larger volume, or free space on it",
  });
}

/** The option of pg_basebackup that receives a tablespace beside its old content; = is escaped. */
function mapped({ location }: TablespaceSeen): string {
  const escaped = (path: string) => path.replaceAll("=", "\\=");
  return `--tablespace-mapping=${escaped(location)}=${escaped(journal.stagingDirectory(location))}`;
}

async function baseBackup(host: string, { bytes, tablespaces }: Source, deps: CloneDeps): Promise<void> {
  const { config, log, clock } = deps;
  const { port } = upstreamConnection(host, config);
  const target = journal.stagingDirectory(config.pgdata);
  const conninfo = renderConninfo({
    ...deps.peers.names.wayTo(host),
    port,
    user: config.replicationUser,
    application_name: `${config.name}_clone`,
    connect_timeout: 5,
    passfile: passfilePath,
    tcp_user_timeout: 30_000,
    keepalives_idle: 5,
    keepalives_interval: 5,
    keepalives_count: 4,
  }, config);
  const slot = config.useSlots ? ["--slot", slotName(config.id)] : [];
  const argv = ["pg_basebackup", "--dbname", conninfo, "--pgdata", target, "--wal-method=stream", "--checkpoint=fast"];
  log.info("Cloning", { from: host, bytes });
  let reported = clock.nowMs();
  const result = await tryRun([
    ...argv,
    ...slot,
    ...tablespaces.map(mapped),
    "--no-password",
    "--progress",
    "--verbose",
  ], {
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
    fix: remedyFor(commandErrorText(result), concerned(commandErrorText(result), config, host)) ??
      `wait for the next attempt, which is automatic; if it keeps failing, see the log of ${host}`,
  });
}
