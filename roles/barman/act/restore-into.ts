// Restores a copy beside the cluster, into a directory of the barman container. The cluster is not touched.
import { dirname } from "node:path";
import { postgresAccount, run } from "../../../core/runtime/command.ts";
import {
  diskSpace,
  ensureDirectory,
  exists,
  link,
  listDirectory,
  move,
  readIfThere,
  remove,
  writeAtomic,
} from "../../../core/runtime/files.ts";
import { restoreNeeds } from "../../../core/postgres/room.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";
import type { RestorePlan } from "../decide/restore-plan.ts";
import { backupDirectory } from "../text/places.ts";
import { isPlain } from "../text/backup-info.ts";
import { makeWhole } from "./combine.ts";
import { runWatched } from "./watched.ts";
import { copyMs, type Into } from "./copy-server.ts";
import { copyHba, renderCopyConf } from "../text/recovery-conf.ts";

/** A socket's path holds at most 107 bytes, and PostgreSQL adds /.s.PGSQL.5432. */
const longestDirectory = 90;
const owner = postgresAccount;

/** Throws OperatorError unless the directory is free and its volume has room. Changes nothing. */
export async function checkInto(directory: string, plan: RestorePlan): Promise<void> {
  if (!/^\/[A-Za-z0-9_.\/-]+$/.test(directory) || directory.length > longestDirectory) {
    throw new OperatorError({
      what: `${directory} cannot hold a restored copy`,
      fix: `give an absolute path of letters, digits, . _ - and /, at most ${longestDirectory} characters long`,
      exitCode: ExitCode.usage,
    });
  }
  const entries = await listDirectory(directory);
  if (entries.length > 0) {
    throw new OperatorError({
      what: `${directory} is not empty`,
      why: `it holds ${entries.slice(0, 5).join(", ")}`,
      fix: "give a directory that does not exist yet, or is empty",
      exitCode: ExitCode.refused,
    });
  }
  await ensureParent(directory);
  const { freeBytes } = await diskSpace(dirname(directory));
  const needed = restoreNeeds(plan.backup.sizeBytes ?? 0);
  if (freeBytes < needed) {
    throw new OperatorError({
      what: `There is no room at ${dirname(directory)}`,
      why: `the copy needs ${sizeText(needed)}, but only ${sizeText(freeBytes)} is free`,
      fix: "give a directory on a larger volume",
      exitCode: ExitCode.refused,
    });
  }
}

async function ensureParent(directory: string): Promise<void> {
  const parent = dirname(directory);
  if (!(await exists(parent))) {
    throw new OperatorError({
      what: `There is no directory ${parent}`,
      fix: `make it first: mkdir -p ${parent}`,
      exitCode: ExitCode.usage,
    });
  }
}

/** Copies the backup into the directory, which becomes a cluster only once it is whole. */
export async function copyInto(directory: string, plan: RestorePlan, into: Into): Promise<void> {
  const { places, say } = into;
  const from = backupDirectory(places, plan.backup.id);
  const half = `${directory}.postdock-copy`;
  if (await exists(half)) say(`Removing ${half}, which an interrupted restore left`);
  await remove(half);
  await ensureDirectory(half, { mode: 0o700, owner });
  const plain = isPlain(plan.backup);
  if (plain) await copyTree(`${from}/data/.`, `${half}/`, plan.backup.sizeBytes, into);
  else await makeWhole(half, plan.backup, (oid) => tablespacePath(half, oid), into);
  for (const { oid } of plan.backup.tablespaces) {
    const target = tablespacePath(half, oid);
    await ensureDirectory(target, { mode: 0o700, owner });
    if (plain) await copyTree(`${from}/${oid}/.`, `${target}/`, null, into);
    // the link that was copied leads into the backup
    await remove(`${half}/pg_tblspc/${oid}`);
    await link(tablespacePath(directory, oid), `${half}/pg_tblspc/${oid}`);
  }
  await refuseForeignLinks(half, plan);
  const auto = await readIfThere(`${half}/postgresql.auto.conf`) ?? "";
  const conf = renderCopyConf({
    directory,
    backupDir: places.backupDir,
    server: places.serverName,
    timeline: plan.timeline,
    stop: plan.stop,
  });
  await writeAtomic(`${half}/postgresql.auto.conf`, `${auto.trimEnd()}\n${conf}`, { mode: 0o600, owner });
  await writeAtomic(`${half}/restored_hba.conf`, copyHba, { mode: 0o600, owner });
  await remove(`${half}/standby.signal`);
  await writeAtomic(`${half}/recovery.signal`, "", { mode: 0o600, owner });
  await run(["sync", "-f", half], { as: owner, timeoutMs: copyMs });
  await remove(directory); // it is empty: see checkInto()
  await move(half, directory);
}

/** Where the copy has a tablespace. */
export const tablespacePath = (directory: string, oid: string) => `${directory}/tablespaces/${oid}`;

/** A server that followed a link out of its copy would change the backup. */
async function refuseForeignLinks(half: string, plan: RestorePlan): Promise<void> {
  const known = plan.backup.tablespaces.map((t) => t.oid);
  const foreign = (await listDirectory(`${half}/pg_tblspc`)).filter((name) => !known.includes(name));
  if (foreign.length === 0) return;
  await remove(half);
  throw new OperatorError({
    what: `Backup ${plan.backup.id} cannot be copied`,
    why: `barman's record of it does not name the tablespace ${foreign.join(", ")}`,
    fix: "restore another backup, or take a new one: postdock barman backup",
    exitCode: ExitCode.refused,
  });
}

async function copyTree(from: string, to: string, bytes: number | null, into: Into): Promise<void> {
  await runWatched(["cp", "-a", "--reflink=auto", from, to], { to, bytes }, into);
}
