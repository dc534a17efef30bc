// The node's own directory inside a volume: in the data directory, and in each tablespace whose content is replaced.
// pg_basebackup skips names that begin with pgsql_tmp, so nothing in it reaches a clone. pg_rewind copies no such files from
// another node either, but removes those that it finds below its target.
import { join } from "node:path";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, exists, listDirectory, move, syncDirectory } from "../../../core/runtime/files.ts";

export const stateDirectoryName = "pgsql_tmp.postdock";

export const stateDirectory = (volume: string) => join(volume, stateDirectoryName);
/** Makes that directory. */
export async function ensureState(volume: string): Promise<void> {
  await ensureDirectory(stateDirectory(volume), { mode: 0o700, owner: postgresAccount });
}
/** where a clone is received, and where pg_rewind works */
export const stagingDirectory = (volume: string) => join(stateDirectory(volume), "incoming");
/** where the old data wait until the new ones are in place */
export const outgoingDirectory = (volume: string) => join(stateDirectory(volume), "outgoing");
/** pg_rewind and pg_basebackup of other nodes skip names that begin like this */
const keptPrefix = "pgsql_tmp.before-";
/** where the data from before a replacement are kept, named by what has replaced them */
export const keptDirectory = (volume: string, name: string) => join(stateDirectory(volume), keptPrefix + name);

/** The names under which old data are kept. */
export async function keptNames(volume: string): Promise<string[]> {
  const names = await listDirectory(stateDirectory(volume));
  return names.filter((n) => n.startsWith(keptPrefix)).map((n) => n.slice(keptPrefix.length));
}

/** What has been kept under a name stays: another replacement gets a name with a number. */
export async function freeName(volume: string, name: string): Promise<string> {
  for (let number = 1;; number++) {
    const numbered = number === 1 ? name : `${name}-${number}`;
    if (!(await exists(keptDirectory(volume, numbered)))) return numbered;
  }
}

/** Moves entries of a directory to another one on the same volume, which is made if need be. Can be repeated. */
export async function moveAll(names: readonly string[], from: string, to: string): Promise<void> {
  await ensureDirectory(to, { mode: 0o700, owner: postgresAccount });
  for (const name of names) await move(join(from, name), join(to, name));
  await syncDirectory(to);
}
