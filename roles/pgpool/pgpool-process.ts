// pgpool as this agent's child: its files, its start with a status file of ours, its hard end and what that leaves behind.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { PgpoolConfig } from "../../config/pgpool.ts";
import { postgresAccount, run, tryRun } from "../runtime/command.ts";
import { ExitCode, OperatorError } from "../runtime/errors.ts";
import { ensureDirectory, listDirectory, remove, writeAtomic } from "../runtime/files.ts";
import type { Log } from "../runtime/log.ts";
import { supervise, type Supervised } from "../runtime/supervisor.ts";
import type { Clock } from "../runtime/time.ts";
import * as conf from "./pgpool-conf.ts";

const owner = postgresAccount;

/** Writes all of pgpool's files. Throws OperatorError where CONFIGS sets what pgpool does not know. */
export async function preparePgpool(config: PgpoolConfig, log: Log): Promise<void> {
  const verdict = conf.judgeSettings(config.settings);
  for (const warning of verdict.warnings) log.warn("Setting translated", { why: warning });
  if (verdict.refused.length > 0) {
    throw new OperatorError({
      what: "CONFIGS is refused",
      why: verdict.refused.join("; "),
      fix: "correct or leave out these settings; names are those of pgpool-II 4.6",
      exitCode: ExitCode.config,
    });
  }
  await ensureDirectory(conf.runDirectory, { mode: 0o755, owner });
  const agentPassword = randomBytes(24).toString("hex");
  const operators = config.pcpUser === "" ? [] : [{ name: config.pcpUser, password: config.pcpPassword }];
  const pcpUsers = [...operators, { name: conf.agentPcpUser, password: agentPassword }];
  await writeAtomic(conf.pgpoolConfPath, conf.renderPgpoolConf(config, verdict.settings), { mode: 0o640, owner });
  await writeAtomic(conf.poolHbaPath, conf.renderPoolHba(), { mode: 0o640, owner });
  await writeAtomic(conf.pcpConfPath, conf.renderPcpConf(pcpUsers), { mode: 0o600, owner });
  const pcpPass = conf.renderPcpPass(conf.agentPcpUser, agentPassword);
  await writeAtomic(join(owner.home, ".pcppass"), pcpPass, { mode: 0o600, owner });
  await writePoolPasswd(config);
}

/** pool_passwd with AES entries by pg_enc: pairs by a file, the key by a file, both gone or private afterwards. */
async function writePoolPasswd(config: PgpoolConfig): Promise<void> {
  const users = [...config.dbUsers];
  if (!users.some((u) => u.name === config.checkUser)) {
    users.push({ name: config.checkUser, password: config.checkPassword });
  }
  await writeAtomic(conf.poolKeyPath, randomBytes(32).toString("hex"), { mode: 0o600, owner });
  await writeAtomic(conf.poolPasswdPath, "", { mode: 0o600, owner });
  const pairs = join(conf.runDirectory, "pool_users");
  const text = users.map((u) => `${u.name}:${u.password}\n`).join("");
  await writeAtomic(pairs, text, { mode: 0o600, owner });
  try {
    const argv = ["pg_enc", "-m", "-k", conf.poolKeyPath, "-f", conf.pgpoolConfPath, "-i", pairs];
    await run(argv, { as: postgresAccount, timeoutMs: 20_000 });
  } finally {
    await remove(pairs);
  }
}

/** The running pgpool. */
export interface PgpoolProcess {
  supervised: Supervised;
  startedMs: number;
}

/** Starts pgpool; `up`: the backends it takes as up. */
export async function startPgpool(
  config: PgpoolConfig,
  up: readonly number[],
  deps: { clock: Clock; log: Log },
): Promise<PgpoolProcess> {
  await clearRemains();
  const ids = config.backends.map((b) => b.id);
  await writeAtomic(conf.statusFilePath, conf.renderStatusFile(ids, new Set(up)), { mode: 0o644, owner });
  const supervised = supervise({
    name: "pgpool",
    argv: [
      "pgpool",
      "-n",
      "-f",
      conf.pgpoolConfPath,
      "-F",
      conf.pcpConfPath,
      "-a",
      conf.poolHbaPath,
      "-k",
      conf.poolKeyPath,
    ],
    as: postgresAccount,
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: [{ signal: "SIGINT", waitMs: 3_000 }],
  }, deps);
  return { supervised, startedMs: deps.clock.nowMs() };
}

/** Ends pgpool and all its children at once: its sessions are dead anyway. */
export async function killPgpool(process: PgpoolProcess): Promise<void> {
  process.supervised.killGroup();
  await process.supervised.stop([]);
  await clearRemains();
}

/** What a SIGKILL leaves: shared memory of the postgres account, pid file, sockets. */
async function clearRemains(): Promise<void> {
  const listed = await tryRun(["ipcs", "-m"], { timeoutMs: 5_000, env: { LC_ALL: "C" } });
  for (const line of listed.stdout.split("\n")) {
    const [key = "", id = "", user = "", , , attached = ""] = line.trim().split(/\s+/);
    if (!key.startsWith("0x") || user !== postgresAccount.name || attached !== "0") continue;
    await tryRun(["ipcrm", "-m", id], { as: postgresAccount, timeoutMs: 5_000 }); // root gets EPERM here
  }
  for (const name of await listDirectory(conf.runDirectory)) {
    if (name === "pgpool.pid" || name.startsWith(".s.PGSQL")) await remove(join(conf.runDirectory, name));
  }
}
