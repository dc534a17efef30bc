// Reads what can be restored from barman's directories: its records of backups, WAL archived and being received, histories.
import { listDirectory, modifiedMs, readIfThere } from "../../../core/runtime/files.ts";
import { parseHistory } from "../../../core/postgres/lsn.ts";
import { parseWalName, segmentBytes as usualSegmentBytes } from "../../../core/postgres/wal-name.ts";
import { type Archive, recoverable, type Window } from "../decide/recoverable.ts";
import { type BackupRecord, parseBackupInfo } from "../text/backup-info.ts";
import { metaDirectory, streamingDirectory, walDirectory } from "../text/places.ts";

interface Places {
  backupDir: string;
  serverName: string;
}

/** The windows that can be restored, and when WAL was received last, milliseconds since 1970; null: none is being received. */
export async function readRecoverable(places: Places): Promise<{ windows: Window[]; receivedMs: number | null }> {
  const backups = await readBackups(places);
  const archive = await readArchive(places, backups.at(-1)?.segmentBytes ?? usualSegmentBytes);
  return { windows: recoverable(backups, archive), receivedMs: await lastReceivedMs(places) };
}

async function readBackups(places: Places): Promise<BackupRecord[]> {
  const names = (await listDirectory(metaDirectory(places))).filter((name) => name.endsWith("-backup.info"));
  const records = await Promise.all(names.map(async (name) => {
    const text = await readIfThere(`${metaDirectory(places)}/${name}`);
    return text === null ? null : parseBackupInfo(name.slice(0, -"-backup.info".length), text);
  }));
  return records.flatMap((r) => r ?? []).toSorted((a, b) => a.id < b.id ? -1 : 1);
}

async function readArchive(places: Places, segmentBytes: number): Promise<Archive> {
  const root = walDirectory(places);
  const entries = await listDirectory(root);
  const logs = entries.filter((name) => /^[0-9A-F]{16}$/.test(name));
  const archived = await Promise.all(logs.map((log) => listDirectory(`${root}/${log}`)));
  const streamed = await listDirectory(streamingDirectory(places));
  const files = [...archived.flat(), ...streamed].flatMap((name) => parseWalName(name, segmentBytes) ?? []);
  const histories = new Map<number, ReturnType<typeof parseHistory>>();
  for (const [directory, names] of [[root, entries], [streamingDirectory(places), streamed]] as const) {
    for (const name of names.filter((n) => /^[0-9A-F]{8}\.history$/.test(n))) {
      const text = await readIfThere(`${directory}/${name}`);
      if (text !== null) histories.set(parseInt(name.slice(0, 8), 16), parseHistory(text));
    }
  }
  return { segmentBytes, files, histories };
}

async function lastReceivedMs(places: Places): Promise<number | null> {
  const directory = streamingDirectory(places);
  const partial = (await listDirectory(directory)).filter((name) => name.endsWith(".partial")).toSorted().at(-1);
  return partial === undefined ? null : await modifiedMs(`${directory}/${partial}`);
}
