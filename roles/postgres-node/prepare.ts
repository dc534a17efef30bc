// Puts in place what the node needs before it decides anything: directories, passfile, repmgr.conf, and a postgresql.conf
// that PostgreSQL itself has accepted. The data is not touched.
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Setting } from "../../config/list-syntax.ts";
import type { NodeConfig } from "../../config/postgres-node.ts";
import { postgresAccount, tryRun } from "../../core/runtime/command.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import {
  diskSpace,
  ensureDirectory,
  exists,
  linkTarget,
  makeScratch,
  readIfThere,
  remove,
  runDirectory,
  writeAtomic,
} from "../../core/runtime/files.ts";
import { httpNeeds, requireFoothold } from "../../core/runtime/foothold.ts";
import { requireProgram } from "../../core/runtime/program.ts";
import type { Log } from "../../core/runtime/log.ts";
import { placeOf, prepareRunDirectory } from "../../core/runtime/run-directory.ts";
import type { Clock } from "../../core/runtime/time.ts";
import type { Trouble } from "../../core/protocol/trouble.ts";
import { preparePgdata } from "./data/prepare-pgdata.ts";
import { requireTlsFiles } from "./data/tls.ts";
import { sharedMemoryTrouble } from "./decide/shared-memory.ts";
import { mountsBelow } from "./text/mounts.ts";
import type { QueriesFile } from "./exporter/custom-metrics.ts";
import { librariesOf } from "./text/preloaded.ts";
import { programsOf } from "../../config/postgres-features.ts";
import { renderPostgresqlConf, translateSettings } from "./text/postgresql-conf.ts";
import { writePassfile } from "./tools/passfile.ts";
import { passfilePath, renderRepmgrConf, repmgrConfPath } from "./text/repmgr-conf.ts";
import { readQueriesFile } from "./tools/queries-file.ts";

/** Checks CONFIGS against this PostgreSQL and returns the text of postgresql.conf. Throws OperatorError. */
export async function acceptedServerConfig(
  config: NodeConfig,
  { clock, log }: { clock: Pick<Clock, "wallMs">; log: Log },
): Promise<string> {
  const verdict = translateSettings(config.settings, config.imageVersions);
  for (const warning of verdict.warnings) log.warn("Setting translated", { why: warning });
  if (verdict.refused.length > 0) {
    throw new OperatorError({
      what: `CONFIGS sets ${verdict.refused.map((r) => r.name).join(", ")}, which PostDock sets itself`,
      fix: verdict.refused.map((r) => `${r.name}: ${r.fix}`).join("; "),
      exitCode: ExitCode.config,
    });
  }
  await requireLibraries(verdict.settings, config);
  const volumeBytes = await sizeOf(config.pgdata, log);
  const text = renderPostgresqlConf(config, verdict.settings, volumeBytes);
  await requireTlsFiles(config, verdict.settings, { conf: text, clock, log });
  const directory = await makeScratch("postdock-config-check", postgresAccount);
  try {
    await writeAtomic(join(directory, "postgresql.conf"), text, { mode: 0o600, owner: postgresAccount });
    const argv = ["postgres", "-D", directory, "-C", "shared_preload_libraries"];
    const result = await tryRun(argv, { as: postgresAccount, timeoutMs: 20_000, env: { LC_ALL: "C" } });
    if (result.code === 0) return text;
    const said = result.stderr.trim().split("\n").filter((l) => !l.includes("skipping missing configuration file"));
    const why = said.map((l) => l.replace(/^.*?(LOG|FATAL|ERROR):\s*/, "").replaceAll(`${directory}/`, ""));
    throw new OperatorError({
      what: "PostgreSQL rejects the settings in CONFIGS",
      why: why.slice(-4).join(" | "),
      fix: "correct the name or the value in CONFIGS; use the names of PostgreSQL " +
        config.imageVersions.postgres,
      exitCode: ExitCode.config,
    });
  } finally {
    await remove(directory);
  }
}

/** PostgreSQL itself looks for libraries only when it starts, or at each login. */
async function requireLibraries(settings: readonly Setting[], { imageVersions }: NodeConfig): Promise<void> {
  for (const { setting, name, files } of librariesOf(settings, `${programsOf(imageVersions)}/lib`)) {
    if ((await Promise.all(files.map(exists))).some((there) => there)) continue;
    throw new OperatorError({
      what: `CONFIGS sets ${setting} to load ${JSON.stringify(name)}, which is not in this image`,
      why: `there is no ${files.at(-1)}`,
      fix:
        "remove it or correct the name; or use an image of your own: FROM this one, with the package of the extension",
      exitCode: ExitCode.config,
    });
  }
}

/** An empty cluster, and WAL at the least sizes that follow from that of the volume, fit into this; bytes. */
const smallestVolume = 512 * 1024 * 1024;

/** The size of the volume of the data, or null if it cannot be seen. */
async function sizeOf(pgdata: string, log: Log): Promise<number | null> {
  try {
    const { totalBytes } = await diskSpace(pgdata);
    if (totalBytes < smallestVolume) {
      const fix = "give the node a larger volume: WAL alone can take half of this one";
      log.warn("The volume is too small to last", { pgdata, totalBytes, smallestBytes: smallestVolume, fix });
    }
    return totalBytes;
  } catch (error) {
    log.warn("The size of the volume cannot be seen; max_slot_wal_keep_size is 8 GB", { pgdata, error });
    return null;
  }
}

/** What is wrong with /dev/shm, which only some queries notice. */
async function lookAtSharedMemory(log: Log): Promise<Trouble[]> {
  try {
    const trouble = sharedMemoryTrouble((await diskSpace("/dev/shm")).totalBytes);
    if (trouble === null) return [];
    log.warn("Parallel queries may fail", { ...trouble });
    return [trouble];
  } catch (error) {
    log.warn("The size of /dev/shm cannot be seen; parallel queries need 128 MB of it", { error });
    return [];
  }
}

/**
 * Directories, the passfile and repmgr.conf. Returns what the container lacks although it can be used, and what METRICS_QUERIES
 * names. Throws OperatorError if that is wrong, or the container or PGDATA cannot be used.
 */
export async function prepareNode(
  config: NodeConfig,
  log: Log,
): Promise<{ lacks: Trouble[]; queries: QueriesFile | null }> {
  const queries = await readQueriesFile(config.metricsQueries);
  await requireProgram("ON_EVENT_COMMAND", config.onEventCommand);
  await requireFoothold({
    paths: [
      runDirectory,
      "/var/run/postgresql",
      ...await Promise.all([passfilePath, repmgrConfPath].map(placeOf)),
      tmpdir(),
    ],
    ports: [httpNeeds(config.httpPort), { port: 5432, by: "PostgreSQL", change: null }],
    sshd: config.sshEnable,
  });
  await requireOneVolume(config.pgdata);
  const owner = postgresAccount;
  await prepareRunDirectory();
  await ensureDirectory("/var/run/postgresql", { mode: 0o2775, owner });
  await preparePgdata(config.pgdata, log);
  await writePassfile(config);
  await writeAtomic(repmgrConfPath, renderRepmgrConf(config), { mode: 0o640, owner });
  await removeStaleSockets();
  return { lacks: await lookAtSharedMemory(log), queries };
}

/** Clones, rewinds and restores replace the data directory as a whole, by renaming what is in it: all of it is on one volume. */
async function requireOneVolume(pgdata: string): Promise<void> {
  const real = resolve(dirname(pgdata), await linkTarget(pgdata) ?? pgdata);
  const wal = join(pgdata, "pg_wal");
  const link = await linkTarget(wal);
  const mounts = mountsBelow(await readIfThere("/proc/self/mountinfo") ?? "", real);
  if (link === null && mounts.length === 0) return;
  throw new OperatorError({
    what: link === null
      ? `${mounts.join(", ")} ${
        mounts.length === 1 ? "is a volume" : "are volumes"
      } inside PGDATA, which is not supported`
      : `${wal} is a link to ${link}, which is not supported`,
    why: "a clone, a rewind or a restore replaces the data directory as a whole, WAL and settings included",
    fix:
      "mount one volume at PGDATA and nothing in it: settings belong in CONFIGS, and log_directory may be elsewhere; if there " +
      "are data in it already, such as WAL, stop the node and move them into a directory of that name there",
    exitCode: ExitCode.config,
  });
}

/** Removes the sockets of a killed server; whether a server still runs is decided by the server's own lock files. */
async function removeStaleSockets(): Promise<void> {
  const lock = "/var/run/postgresql/.s.PGSQL.5432.lock";
  if (await exists(lock)) {
    await remove(lock);
    await remove("/var/run/postgresql/.s.PGSQL.5432");
  }
}
