// Reads WAL files from barman's directories. barman's own get-wal takes a third of a second for each, and hands out a file that
// was never finished, once it is archived, as it is: compressed.
import { parseWalName, type WalFile } from "../../../core/postgres/wal-name.ts";
import { listDirectory, readUnzipped } from "../../../core/runtime/files.ts";
import { errorText } from "../../../core/words/errors.ts";
import { type Places, streamingDirectory, walDirectory } from "../text/places.ts";

/** The WAL files in a directory, by the names there. */
export async function walFilesIn(directory: string, segmentBytes: number): Promise<WalFile[]> {
  return (await listDirectory(directory)).flatMap((name) => parseWalName(name, segmentBytes) ?? []);
}

/** WAL that has been received and is not archived yet. */
export async function receivedWal(places: Places, segmentBytes: number): Promise<WalFile[]> {
  return await walFilesIn(streamingDirectory(places), segmentBytes);
}

/** The directories of the archive, each with the WAL of one timeline and 4 GB, in the order of their names. */
export async function archivedLogs(places: Places): Promise<string[]> {
  const root = walDirectory(places);
  const logs = (await listDirectory(root)).filter((name) => /^[0-9A-F]{16}$/.test(name)).toSorted();
  return logs.map((log) => `${root}/${log}`);
}

/**
 * The content of a WAL segment or a timeline history, decompressed; null if it is not there. `unfinished`: if there is no whole
 * file, that which is being received, or was when its timeline ended.
 */
export async function readWal(places: Places, name: string, unfinished: boolean): Promise<Buffer | null> {
  const archived = walDirectory(places);
  const streamed = streamingDirectory(places);
  const log = name.endsWith(".history") ? archived : `${archived}/${name.slice(0, 16)}`;
  // barman may archive a file between the first two looks: then the third finds it
  const whole = [`${log}/${name}`, `${streamed}/${name}`, `${log}/${name}`];
  const partial = [`${streamed}/${name}.partial`, `${log}/${name}.partial`];
  for (const path of unfinished ? [...whole, ...partial] : whole) {
    const content = await readUnzipped(path).catch((cause) => {
      throw new Error(`${path}: ${errorText(cause)}`, { cause });
    });
    if (content !== null && content.length > 0) return content;
  }
  return null;
}
