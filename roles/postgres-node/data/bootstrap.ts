// Makes a fresh cluster as the official postgres image does: initdb, POSTGRES_* roles and database,
// /docker-entrypoint-initdb.d, and the replication role with its database for repmgr.
import { join } from "node:path";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { postgresAccount, run, tryRun } from "../../../core/runtime/command.ts";
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { ensureDirectory, readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import { remedyFor } from "../../../core/postgres/remedy.ts";
import { hear, nothingHeard, whyEnded } from "../../../core/postgres/server-log.ts";
import { reasonIn } from "../../../core/words/reason.ts";
import { seeLog, toTrouble } from "../observe/trouble.ts";
import { runScripts, type ScriptDeps, socketDirectory } from "./init-scripts.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import * as journal from "./journal.ts";
import { renderPgHba } from "../text/pg-hba.ts";
import { requireTlsOfFreshCluster } from "./tls.ts";
import { ensureDatabase, ensureSuperuser } from "../tools/bootstrap-queries.ts";
import { setRole } from "../tools/role-queries.ts";
import { connectLocal, withConnection } from "../tools/queries.ts";

export interface BootstrapDeps extends ScriptDeps {
  config: NodeConfig;
  clock: Clock;
  /** writes postgresql.conf into the data directory */
  writeServerConfig: () => Promise<void>;
}

/** Makes the cluster. If it is interrupted, the next start discards it and begins again. Throws OperatorError. */
export async function bootstrap(deps: BootstrapDeps): Promise<void> {
  const { config, log, clock } = deps;
  requirePassword(config);
  requireTlsOfFreshCluster(config);
  const since = clock.nowMs();
  const staging = journal.stagingDirectory(config.pgdata);
  const startedAt = new Date(clock.wallMs()).toISOString();
  await journal.writeJournal(config.pgdata, { phase: "copying", source: "initdb", startedAt });
  await journal.clearStaging(config.pgdata);
  await ensureDirectory(staging, { mode: 0o700, owner: postgresAccount });
  await initdb(staging, config);
  await journal.writeJournal(config.pgdata, { phase: "moving-out", source: "initdb", startedAt });
  await journal.moveIntoPlace(config.pgdata, log);
  await journal.writeJournal(config.pgdata, { phase: "bootstrapping", source: "initdb", startedAt });
  await writeAtomic(join(config.pgdata, "pg_hba.conf"), renderPgHba(config), {
    mode: 0o600,
    owner: postgresAccount,
  });
  await deps.writeServerConfig();
  await withPrivateServer(config, log, async () => {
    await makeRoles(config);
    await runScripts(deps);
  });
  await journal.clearJournal(config.pgdata);
  log.info("Bootstrapped", { database: config.database, seconds: Math.round((clock.nowMs() - since) / 100) / 10 });
}

function requirePassword(config: NodeConfig): void {
  if (config.postgresPassword !== "" || config.hostAuthMethod === "trust") return;
  throw new OperatorError({
    what: "Cannot make a fresh cluster: POSTGRES_PASSWORD is not set",
    fix:
      "set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE for this node; or set POSTGRES_HOST_AUTH_METHOD=trust to let " +
      "everyone on the network connect as superuser",
    exitCode: ExitCode.config,
  });
}

async function initdb(target: string, config: NodeConfig): Promise<void> {
  const argv = ["initdb", "--pgdata", target, "--username=postgres", "--data-checksums", "--auth-local=trust"];
  const auth = `--auth-host=${config.hostAuthMethod === "trust" ? "trust" : "scram-sha-256"}`;
  const result = await tryRun([...argv, auth, "--encoding=UTF8", "--locale=en_US.utf8", ...config.initdbArgs], {
    as: postgresAccount,
    timeoutMs: 300_000,
  });
  if (result.code === 0) return;
  throw new OperatorError({
    what: "initdb failed",
    why: reasonIn(result.stderr),
    fix: remedyFor(result.stderr, config) ??
      "check POSTGRES_INITDB_ARGS and the space and permissions of the volume at PGDATA",
    exitCode: ExitCode.config,
  });
}

/** A server that listens on the socket only, for the time of the bootstrap. */
async function withPrivateServer(config: NodeConfig, log: Log, work: () => Promise<void>): Promise<void> {
  const control = (args: readonly string[], timeoutMs: number) =>
    run(["pg_ctl", "--pgdata", config.pgdata, ...args], {
      as: postgresAccount,
      timeoutMs,
      env: { PGHOST: socketDirectory },
    });
  const logFile = join(journal.stateDirectory(config.pgdata), "bootstrap.log");
  await remove(logFile);
  try {
    await control(["--options", "-c listen_addresses=''", "--log", logFile, "--wait", "start"], 120_000);
  } catch (error) {
    throw await whyNotStarted(logFile, error, { config, log });
  }
  try {
    await work();
  } finally {
    await control(["--mode=fast", "--wait", "stop"], 120_000).catch((error) =>
      log.error("The temporary server of the bootstrap could not be stopped", { error })
    );
  }
}

/** The server of the bootstrap did not start: what its log says, which is a file in the volume until here. */
async function whyNotStarted(
  logFile: string,
  error: unknown,
  { config, log }: Pick<BootstrapDeps, "config" | "log">,
): Promise<OperatorError> {
  const lines = (await readIfThere(logFile) ?? "").split("\n").filter((l) => l !== "").slice(-100);
  for (const line of lines) log.info("Output", { process: "postgres", line });
  const said = whyEnded(lines.reduce(hear, nothingHeard));
  const trouble = said
    ? toTrouble(said, config)
    : { because: errorText(error), fix: "see the lines of postgres above" };
  const quiet = config.settings.find((s) => s.name === "log_min_messages" && /^(?:fatal|panic)$/i.test(s.value));
  return new OperatorError({
    what: "The server of the fresh cluster did not start",
    why: trouble.because,
    fix: said === null && quiet
      ? `take log_min_messages:${quiet.value} out of CONFIGS: with it PostgreSQL does not say why`
      : trouble.fix === seeLog
      ? "correct in CONFIGS what is named there, and start the container again"
      : trouble.fix,
    exitCode: ExitCode.config,
  });
}

async function makeRoles(config: NodeConfig): Promise<void> {
  await withConnection(connectLocal("postgres", config), 60_000, async (sql) => {
    await ensureSuperuser(sql, { name: config.postgresUser, password: config.postgresPassword });
    await ensureDatabase(sql, { name: config.database, owner: config.postgresUser });
    await ensureSuperuser(sql, { name: config.replicationUser, password: config.replicationPassword });
    await ensureDatabase(sql, { name: config.replicationDb, owner: config.replicationUser });
  });
  if (config.replicationRole === "superuser") return;
  const limit = { name: config.replicationUser, create: false, rights: config.replicationRole, password: false };
  await withConnection(connectLocal(config.replicationDb, config), 60_000, (sql) => setRole(sql, limit, {}));
}
