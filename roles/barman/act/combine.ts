// Makes a whole cluster of a backup that is not one as it is: an incremental one with those that it builds on, or a compressed one.
import { postgresAccount, run } from "../../../core/runtime/command.ts";
import {
  diskSpace,
  ensureDirectory,
  exists,
  listDirectory,
  move,
  readIfThere,
  remove,
  writeAtomic,
} from "../../../core/runtime/files.ts";
import { isPostdock } from "../../../core/runtime/proc.ts";
import { restoreNeeds } from "../../../core/postgres/room.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { type BackupRecord, isPlain } from "../text/backup-info.ts";
import {
  combinedDirectory,
  combinerPath,
  dataDirectory,
  ownDirectory,
  type Places,
  restorePath,
  tablespacesDirectory,
} from "../text/places.ts";
import { readChain } from "./archive.ts";
import { copyMs, type Into } from "./copy-server.ts";
import { unpackInto } from "./unpack.ts";
import { runWatched } from "./watched.ts";
import type { Barman } from "../state.ts";

const owner = postgresAccount;
type Combined = Pick<BackupRecord, "id" | "parent" | "compression" | "sizeBytes" | "tablespaces">;

/** Combines or unpacks a backup into a directory that is empty, and each tablespace into one of its own. */
export async function makeWhole(
  to: string,
  backup: Combined,
  tablespaceAt: (oid: string) => string,
  into: Into,
): Promise<void> {
  const { id, parent, sizeBytes } = backup;
  if (parent === null) return await unpackInto(to, backup, tablespaceAt, into);
  const chain = await readChain(id, into.places);
  into.say(`  combining ${chain.join(", ")}`);
  const from = chain.map((each) => ownDirectory(into.places, each));
  await runWatched(["pg_combinebackup", "-o", to, ...from], { to, bytes: sizeBytes }, into);
}

/** Throws OperatorError unless the backup can be made whole for a node: barman's volume needs room for that. */
export async function checkCombined(backup: Combined, places: Places): Promise<string[]> {
  if (isPlain(backup)) return [];
  const { id, parent, sizeBytes } = backup;
  const [how, kind, other] = parent === null
    ? ["unpacked", "compressed", "an uncompressed"]
    : ["combined", "incremental", "a full"];
  const needed = restoreNeeds(sizeBytes ?? 0);
  const { freeBytes } = await diskSpace(places.backupDir);
  if (freeBytes < needed && !(await exists(dataDirectory(places, backup)))) {
    throw new OperatorError({
      what: `There is no room in ${places.backupDir} for the ${kind} backup ${id}, which has to be ${how} first`,
      why: `${sizeText(needed)} are needed, but only ${sizeText(freeBytes)} are free`,
      fix: `free some space there, or give ${other} backup of \`postdock barman list\` by --backup`,
      exitCode: ExitCode.refused,
    });
  }
  return [`${how}  in ${places.backupDir}, about ${sizeText(sizeBytes ?? 0)}, removed when the restore is over`];
}

/** Makes a backup whole for a node that fetches it. What an earlier attempt has left is used, or removed. */
export async function combineForNode(backup: Combined, into: Into): Promise<void> {
  const { places, say } = into;
  if (isPlain(backup)) return;
  const whole = dataDirectory(places, backup);
  const made = await exists(whole);
  if (!made) await removeCombined(places, say);
  await ensureDirectory(combinedDirectory(places), { mode: 0o700, owner });
  await writeAtomic(combinerPath(places), String(process.pid), { mode: 0o600, owner });
  if (made) return;
  const half = `${whole}.half`;
  await ensureDirectory(half, { mode: 0o700, owner });
  const tablespaces = tablespacesDirectory(places, backup);
  await ensureDirectory(tablespaces, { mode: 0o700, owner });
  await makeWhole(half, backup, (oid) => `${tablespaces}/${oid}`, into);
  await run(["sync", "-f", half], { as: owner, timeoutMs: copyMs });
  await move(half, whole);
}

const removing = "Removing what was prepared for a restore that is over";

/** Removes what was combined or unpacked. The backups that it was made of stay. */
export async function removeCombined(places: Places, say: (line: string) => void): Promise<void> {
  const names = await preparedBackups(places);
  if (names.length > 0) say(`${removing}: ${names.join(", ")}`);
  await remove(combinedDirectory(places));
}

const preparedBackups = async (places: Places) =>
  (await listDirectory(combinedDirectory(places))).filter((name) => /^\d+T\d+$/.test(name));

/** Removes what an interrupted restore has left: no restore is under way, and the one that combined has ended. */
export async function clearCombined({ config, log }: Pick<Barman, "config" | "log">): Promise<void> {
  if (!(await exists(combinedDirectory(config))) || await exists(restorePath(config))) return;
  const combiner = Number(await readIfThere(combinerPath(config)));
  if (combiner > 0 && combiner !== process.pid && isPostdock(combiner)) return;
  const directory = combinedDirectory(config);
  const names = await preparedBackups(config);
  if (names.length > 0) log.info(removing, { names, directory });
  await remove(directory);
}
