// What barman needs before it can work: directories, configuration files, the passfile.
import type { BarmanConfig } from "../../config/barman.ts";
import { type Account, postgresAccount, run } from "../../core/runtime/command.ts";
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { foreignOwner } from "../../core/words/foreign-owner.ts";
import {
  ensureDirectory,
  ensureNamedDirectory,
  listDirectory,
  modeOf,
  remove,
  writeAtomic,
} from "../../core/runtime/files.ts";
import type { Log } from "../../core/runtime/log.ts";
import {
  barmanConfPath,
  barmanLogPath,
  listConfPath,
  listRecordPath,
  lockDirectory,
  passfilePath,
  renderBarmanConf,
  renderListConf,
  renderPassfile,
  renderServerConf,
  serverConfPath,
  serverDirectory,
} from "./text/barman-conf.ts";
import { cloudDirectory, serverHome } from "./text/places.ts";

const owner: Account = postgresAccount;

/** Writes all files whole. Throws an OperatorError if BACKUP_DIR cannot be written. */
export async function prepareBarman(config: BarmanConfig, log: Log): Promise<void> {
  await prepareBackupDirectory(config, log);
  if (config.cloudUrl !== "") await ensureDirectory(cloudDirectory(config), { mode: 0o700, owner });
  await ensureDirectory(lockDirectory, { mode: 0o750, owner });
  await ensureDirectory(dirnameOf(barmanLogPath), { mode: 0o750, owner });
  await ensureDirectory(serverDirectory, { mode: 0o750, owner });
  for (const name of await listDirectory(serverDirectory)) {
    if (`${serverDirectory}/${name}` !== serverConfPath(config.serverName)) await remove(`${serverDirectory}/${name}`);
  }
  await writeAtomic(barmanConfPath, renderBarmanConf(config), { mode: 0o640, owner });
  // Until a primary is known, barman's commands ask the first host and say what is wrong with it.
  await writeAtomic(serverConfPath(config.serverName), renderServerConf(config, { host: config.hosts[0]! }), {
    mode: 0o640,
    owner,
  });
  const record = listRecordPath(config.serverName);
  await ensureDirectory(dirnameOf(record), { mode: 0o750, owner });
  await writeAtomic(record, "", { mode: 0o640, owner });
  await writeAtomic(listConfPath, renderListConf(config, config.hosts[0]!), { mode: 0o640, owner });
  await writePassfile(config);
}

/** Writes the passfile of barman's programs, with the passwords in use. */
export async function writePassfile(config: BarmanConfig): Promise<void> {
  const passfile = renderPassfile([
    { user: config.postgresUser, password: config.postgresPassword },
    { user: config.replicationUser, password: config.replicationPassword },
  ]);
  await writeAtomic(passfilePath, passfile, { mode: 0o600, owner });
}

async function prepareBackupDirectory(config: BarmanConfig, log: Log): Promise<void> {
  const home = serverHome(config);
  await requireOwner(home);
  try {
    await ensureNamedDirectory(config.backupDir, { mode: 0o700, owner });
    await takeOver(home, log);
    await ensureDirectory(home, { mode: 0o700, owner });
    await writeAtomic(`${home}/.postdock-write-test`, "", { mode: 0o600, owner });
    await remove(`${home}/.postdock-write-test`);
  } catch (error) {
    throw new OperatorError({
      what: `BACKUP_DIR ${config.backupDir} cannot be written`,
      why: errorText(error),
      fix: "mount a writable volume with free space there, or set BACKUP_DIR to another path",
      exitCode: ExitCode.config,
      cause: error,
    });
  }
}

/** What a container without root cannot mend: it could not read all of the backups. */
async function requireOwner(path: string): Promise<void> {
  const seen = await modeOf(path);
  if (seen === null || seen.uid === owner.uid || process.getuid?.() === 0) return;
  throw new OperatorError({ ...foreignOwner({ path, owner: seen.uid, uid: owner.uid }), exitCode: ExitCode.config });
}

/** Changes the owner of backups that 1.x made as another user: barman runs as postgres now. */
async function takeOver(home: string, log: Log): Promise<void> {
  const seen = await modeOf(home);
  if (seen === null || seen.uid === owner.uid || process.getuid?.() !== 0) return;
  log.info("Changing the owner of the backups to postgres", { directory: home, formerUid: seen.uid });
  await run(["chown", "-h", "-R", "-P", `${owner.uid}:${owner.gid}`, home], { timeoutMs: 3_600_000 });
}

const dirnameOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
