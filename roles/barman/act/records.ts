// barman's records of backups: since 3.13.2 in a directory of their own, before that beside the files of each backup. A volume may
// have both, since barman leaves an old record where it is.
import type { BarmanConfig } from "../../../config/barman.ts";
import { exists, listDirectory, readIfThere } from "../../../core/runtime/files.ts";
import { hasBarman } from "../../../config/barman-features.ts";
import { backupDirectory, metaDirectory, oldRecordPath, type Places, recordPath } from "../text/places.ts";

/** The ids of all backups that have a record, oldest first. */
export async function listRecorded(places: Places): Promise<string[]> {
  const end = "-backup.info";
  const apart = (await listDirectory(metaDirectory(places))).filter((name) => name.endsWith(end));
  const ids = new Set(apart.map((name) => name.slice(0, -end.length)));
  for (const id of await listDirectory(backupDirectory(places, ""))) {
    if (await exists(oldRecordPath(places, id))) ids.add(id);
  }
  return [...ids].toSorted();
}

/** Where the record of a backup is; null if it has none. */
export async function findRecord(places: Places, id: string): Promise<string | null> {
  for (const path of [recordPath(places, id), oldRecordPath(places, id)]) if (await exists(path)) return path;
  return null;
}

/** The record of a backup; null if it has none. */
export const readRecord = async (places: Places, id: string): Promise<string | null> =>
  await readIfThere(recordPath(places, id)) ?? await readIfThere(oldRecordPath(places, id));

/** Where barman of this image writes the record of a new backup. */
export const newRecordPath = (config: BarmanConfig, id: string): string =>
  hasBarman(config.imageVersions, "records apart") ? recordPath(config, id) : oldRecordPath(config, id);
