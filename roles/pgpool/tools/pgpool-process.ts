// pgpool as a child of this agent: its files, its start with our status file, its hard end, and what that leaves behind.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Setting } from "../../../config/list-syntax.ts";
import type { PgpoolConfig } from "../../../config/pgpool.ts";
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { renderPgpassLine } from "../../../core/postgres/conninfo.ts";
import {
  ensureDirectory,
  listDirectory,
  makeScratch,
  readIfThere,
  remove,
  whyNotWritable,
  writeAtomic,
} from "../../../core/runtime/files.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";
import type { LogLevel } from "../../../core/words/log-level.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { type Clock, waitUntil } from "../../../core/runtime/time.ts";
import { outputLevel, unknownUser, unknownUserFix } from "../text/output.ts";
import * as conf from "../text/pgpool-conf.ts";

const owner = postgresAccount;

/** Writes all of pgpool's files; `settings`: CONFIGS as this version accepts it. */
export async function preparePgpool(config: PgpoolConfig, settings: readonly Setting[]): Promise<void> {
  await ensureDirectory(conf.runDirectory, { mode: 0o755, owner });
  const agentPassword = randomBytes(24).toString("hex");
  const operators = config.pcpUser === "" ? [] : [{ name: config.pcpUser, password: config.pcpPassword }];
  const pcpUsers = [...operators, { name: conf.agentPcpUser, password: agentPassword }];
  await writeAtomic(conf.pgpoolConfPath, conf.renderPgpoolConf(config, settings), { mode: 0o640, owner });
  await writeAtomic(conf.poolHbaPath, conf.renderPoolHba(config), { mode: 0o640, owner });
  await writeAtomic(conf.pcpConfPath, conf.renderPcpConf(pcpUsers), { mode: 0o600, owner });
  const pcpPass = conf.renderPcpPass(conf.agentPcpUser, agentPassword);
  await writeAtomic(join(owner.home, ".pcppass"), pcpPass, { mode: 0o600, owner });
  await writeAtomic(conf.poolKeyPath, randomBytes(32).toString("hex"), { mode: 0o600, owner });
  await writePassfile(config);
  await writePoolPasswd(config);
}

/** Writes the passfile of the agent, with CHECK_PASSWORD as it is in use, and that for `psql` of root, where there is one. */
export async function writePassfile({ checkUser, checkPassword }: PgpoolConfig): Promise<void> {
  const passfile = renderPgpassLine(checkUser, checkPassword);
  await writeAtomic(join(owner.home, ".pgpass"), passfile, { mode: 0o600, owner });
  if (await whyNotWritable("/root") === null) await writeAtomic("/root/.pgpass", passfile, { mode: 0o600 });
}

/**
 * Writes pool_passwd whole, with AES entries by pg_enc, also beside a running pgpool, which reads its key only at its start; and
 * the one of CHECK_USER into pgpool.conf. Users and key are in files, which are private or removed afterwards.
 */
export async function writePoolPasswd(config: PgpoolConfig): Promise<void> {
  const users = [...config.dbUsers];
  if (!users.some((u) => u.name === config.checkUser)) {
    users.push({ name: config.checkUser, password: config.checkPassword });
  }
  const scratch = await makeScratch("postdock-pool-passwd", owner);
  const [copy, passwd, pairs] = ["pgpool.conf", "pool_passwd", "pairs"].map((name) => join(scratch, name));
  // pgpool reads a backslash in a name of pool_passwd as an escape, but pg_enc writes it unchanged (4.6.1)
  const text = users.map((u) => `${u.name.replaceAll("\\", "\\\\")}:${u.password}\n`).join("");
  try {
    const poolConf = await readIfThere(conf.pgpoolConfPath) ?? "";
    await writeAtomic(copy!, poolConf, { mode: 0o600, owner });
    await writeAtomic(passwd!, "", { mode: 0o600, owner });
    await writeAtomic(pairs!, text, { mode: 0o600, owner });
    const argv = ["pg_enc", "-m", "-k", conf.poolKeyPath, "-f", copy!, "-i", pairs!];
    const encoded = await tryRun(argv, { as: postgresAccount, timeoutMs: 20_000 });
    if (encoded.code !== 0) throw refused(commandErrorText(encoded));
    const entries = await readIfThere(passwd!) ?? "";
    await writeAtomic(conf.poolPasswdPath, entries, { mode: 0o600, owner });
    const withPassword = conf.withCheckPassword(poolConf, entries, config.checkUser);
    await writeAtomic(conf.pgpoolConfPath, withPassword, { mode: 0o640, owner });
  } finally {
    await remove(scratch);
  }
}

/** pg_enc is the first program to read pgpool.conf, so a wrong value fails here. */
function refused(why: string): OperatorError {
  return new OperatorError({
    what: "pgpool refuses its configuration",
    why,
    fix: "correct what is named here: a setting in CONFIGS, or a user in DB_USERS",
    exitCode: ExitCode.config,
  });
}

/** The running pgpool. */
export interface PgpoolProcess {
  supervised: Supervised;
  startedMs: number;
  /** the last errors that it printed, to explain its end */
  lastLines(): string[];
}

/** Starts pgpool; `up`: the backends that it takes as up. */
export async function startPgpool(
  config: PgpoolConfig,
  up: readonly number[],
  deps: { clock: Clock; log: Log },
): Promise<PgpoolProcess> {
  await clearRemains(deps.clock);
  const ids = config.backends.map((b) => b.id);
  await writeAtomic(conf.statusFilePath, conf.renderStatusFile(ids, new Set(up)), { mode: 0o644, owner });
  const complaints: string[] = [];
  const files = ["-f", conf.pgpoolConfPath, "-F", conf.pcpConfPath, "-a", conf.poolHbaPath, "-k", conf.poolKeyPath];
  const supervised = supervise({
    name: "pgpool",
    argv: ["pgpool", "-n", ...files],
    as: postgresAccount,
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: [{ signal: "SIGINT", waitMs: 3_000 }],
    clientWords: true,
    onLine: (line) => {
      const level = outputLevel(line);
      if (level === "WARNING" || level === "ERROR") complaints.splice(0, complaints.length - 4, line.trim());
      say(deps.log, level, line);
      const user = unknownUser(line);
      if (user !== null) deps.log.warn("A login failed: pgpool does not know the user", { user, fix: unknownUserFix });
    },
  }, deps);
  return { supervised, startedMs: deps.clock.nowMs(), lastLines: () => complaints.slice(-5) };
}

function say(log: Log, level: LogLevel, line: string): void {
  const fields = { process: "pgpool", line: line.trim() };
  if (level === "DEBUG") log.debug("Output", fields);
  else if (level === "ERROR") log.error("Output", fields);
  else if (level === "WARNING") log.warn("Output", fields);
  else log.info("Output", fields);
}

/** Ends pgpool and all its children at once: its sessions are dead anyway. The next start clears what it leaves. */
export async function killPgpool(process: PgpoolProcess): Promise<void> {
  process.supervised.killGroup();
  await process.supervised.stop([]);
}

/** Removes what a SIGKILL leaves: shared memory and semaphores of the postgres account, the pid file, sockets. */
async function clearRemains(clock: Clock): Promise<void> {
  await waitUntil(async () => (await removeSharedMemory()) === 0, {
    what: "the killed children of pgpool to release their shared memory",
    deadlineMs: 5_000,
    everyMs: 20,
  }, { clock });
  for (const name of await listDirectory(conf.runDirectory)) {
    if (name === "pgpool.pid" || name.startsWith(".s.PGSQL")) await remove(join(conf.runDirectory, name));
  }
}

/** Removes segments of shared memory once no process uses any. Returns the number of segments still in use. */
async function removeSharedMemory(): Promise<number> {
  const ours = (text: string) =>
    text.split("\n").map((line) => line.trim().split(/\s+/)).filter((f) =>
      f[0]?.startsWith("0x") && f[2] === postgresAccount.name
    );
  const env = { LC_ALL: "C" };
  const segments = ours((await tryRun(["ipcs", "-m"], { timeoutMs: 5_000, env })).stdout);
  const held = segments.filter((f) => f[5] !== "0");
  if (held.length > 0) return held.length;
  const semaphores = ours((await tryRun(["ipcs", "-s"], { timeoutMs: 5_000, env })).stdout);
  const ids = [...segments.flatMap((f) => ["-m", f[1] ?? ""]), ...semaphores.flatMap((f) => ["-s", f[1] ?? ""])];
  // as their owner: root gets EPERM here
  if (ids.length > 0) await tryRun(["ipcrm", ...ids], { as: postgresAccount, timeoutMs: 5_000 });
  return 0;
}
