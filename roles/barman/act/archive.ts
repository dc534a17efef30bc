// Reads what can be restored from barman's directories: its records of backups, WAL archived and being received, histories.
import { errorText } from "../../../core/words/errors.ts";
import { listDirectory, listTree, modifiedMs, readIfThere, readUnzipped } from "../../../core/runtime/files.ts";
import { parseHistory } from "../../../core/postgres/lsn.ts";
import { segmentBytes as usualSegmentBytes, type WalFile } from "../../../core/postgres/wal-name.ts";
import type { Tablespace } from "../../../core/protocol/restore.ts";
import { recoverable, type Window } from "../decide/recoverable.ts";
import { chainOf } from "../decide/backup-kind.ts";
import type { Archive } from "../decide/wal-chain.ts";
import { listRecorded, readRecord } from "./records.ts";
import { archivedLogs, receivedWal, walFilesIn } from "./wal-files.ts";
import { type BackupRecord, parseBackupInfo } from "../text/backup-info.ts";
import { tablespaceBytes } from "../text/manifest.ts";
import { backupDirectory, ownDirectory, type Places, streamingDirectory, walDirectory } from "../text/places.ts";

export interface Recoverable {
  /** from which it follows */
  sources: Sources;
  windows: Window[];
  /** when WAL was received last, milliseconds since 1970; null: none is being received */
  receivedMs: number | null;
}

/** What the archive holds. */
export interface Sources {
  backups: BackupRecord[];
  /** records of backups that cannot be read, and why */
  unreadable: string[];
  archive: Archive;
  /** WAL that has been received and is not archived yet */
  received: WalFile[];
}

/** What can be restored, by what is on disk now. */
export async function readRecoverable(places: Places): Promise<Recoverable> {
  const sources = await readSources(places);
  return { sources, windows: recoverable(sources.backups, sources.archive), receivedMs: await lastReceivedMs(places) };
}

/** The finished backups, and the WAL that is archived or being received. `walSegmentBytes`: null if only a backup says it. */
export async function readSources(places: Places, walSegmentBytes: number | null = null): Promise<Sources> {
  const { backups, unreadable } = await readBackups(places);
  const segmentBytes = walSegmentBytes ?? backups.at(-1)?.segmentBytes ?? usualSegmentBytes;
  return { backups, unreadable, ...await readArchive(places, segmentBytes) };
}

/** The finished backups, and why records of others cannot be read. */
export async function readBackups(places: Places): Promise<{ backups: BackupRecord[]; unreadable: string[] }> {
  const unreadable: string[] = [];
  const backups: BackupRecord[] = [];
  for (const id of await listRecorded(places)) {
    const text = await readRecord(places, id);
    if (text === null) continue;
    try {
      const record = parseBackupInfo(id, text);
      if (record !== null) backups.push(record);
    } catch (error) {
      unreadable.push(errorText(error));
    }
  }
  const whole: BackupRecord[] = [];
  for (const backup of backups) {
    const why = whyNotWhole(backup, backups);
    if (why === null) whole.push(backup);
    else unreadable.push(`backup ${backup.id} cannot be restored: ${why}`);
  }
  return { backups: whole, unreadable };
}

function whyNotWhole({ id, parent, tablespaces }: BackupRecord, all: readonly BackupRecord[]): string | null {
  if (chainOf(id, all) === null) return "a backup that it builds on is missing";
  return parent !== null && tablespaces.length > 0 ? "it is incremental, and the cluster has tablespaces" : null;
}

/** The ids of the finished backups that make up this one, the full one first. Throws if one of them is missing. */
export async function readChain(id: string, places: Places): Promise<string[]> {
  const ids = chainOf(id, (await readBackups(places)).backups);
  if (ids === null) throw new Error(`backup ${id}, or one that it builds on, is missing`);
  return ids;
}

async function readArchive(
  places: Places,
  segmentBytes: number,
): Promise<{ archive: Archive; received: WalFile[] }> {
  // in this order: barman may archive a file between the two looks, and the other way round it would be in neither
  const received = await receivedWal(places, segmentBytes);
  const archived = await Promise.all((await archivedLogs(places)).map((log) => walFilesIn(log, segmentBytes)));
  const histories = new Map<number, ReturnType<typeof parseHistory>>();
  for (const directory of [walDirectory(places), streamingDirectory(places)]) {
    for (const name of (await listDirectory(directory)).filter((n) => /^[0-9A-F]{8}\.history$/.test(n))) {
      const text = await readUnzipped(`${directory}/${name}`); // barman compresses what it archives
      if (text !== null) histories.set(parseInt(name.slice(0, 8), 16), parseHistory(text.toString()));
    }
  }
  return { archive: { segmentBytes, files: [...archived.flat(), ...received], histories }, received };
}

/** The tablespaces of a backup with their sizes. */
export async function measureTablespaces(backup: BackupRecord, places: Places): Promise<Tablespace[]> {
  if (backup.tablespaces.length > 0 && backup.compression !== null) {
    const manifest = await readIfThere(`${ownDirectory(places, backup.id)}/backup_manifest`);
    if (manifest === null) throw new Error(`backup ${backup.id} has no manifest`);
    const bytes = tablespaceBytes(manifest);
    return backup.tablespaces.map((tablespace) => ({ ...tablespace, bytes: bytes.get(tablespace.oid) ?? 0 }));
  }
  return await Promise.all(backup.tablespaces.map(async (tablespace) => {
    const entries = await listTree(`${backupDirectory(places, backup.id)}/${tablespace.oid}`);
    return { ...tablespace, bytes: entries.reduce((sum, e) => sum + e.bytes, 0) };
  }));
}

/** The names of all archived WAL segments and histories. */
export async function listArchived(places: Places): Promise<string[]> {
  const histories = (await listDirectory(walDirectory(places))).filter((name) => /^[0-9A-F]{8}\.history$/.test(name));
  const names = (await Promise.all((await archivedLogs(places)).map(listDirectory))).flat();
  return [...histories, ...names.filter((name) => /^[0-9A-F]{24}(\.partial)?$/.test(name))];
}

/** When WAL was received last, milliseconds since 1970; null: none is being received. */
export async function lastReceivedMs(places: Places): Promise<number | null> {
  const directory = streamingDirectory(places);
  const partial = (await listDirectory(directory)).filter((name) => name.endsWith(".partial")).toSorted().at(-1);
  return partial === undefined ? null : await modifiedMs(`${directory}/${partial}`);
}
