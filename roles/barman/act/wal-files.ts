// Reads WAL files from barman's directories. barman's own get-wal takes a third of a second for each, and hands out a file that
// was never finished, once it is archived, as it is: compressed.
import { readUnzipped } from "../../../core/runtime/files.ts";
import { type Places, streamingDirectory, walDirectory } from "../text/places.ts";

/**
 * The content of a WAL segment or a timeline history, decompressed; null if it is not there. `unfinished`: if there is no whole
 * file, that which is being received, or was when its timeline ended.
 */
export async function readWal(places: Places, name: string, unfinished: boolean): Promise<Buffer | null> {
  const archived = walDirectory(places);
  const streamed = streamingDirectory(places);
  const log = name.endsWith(".history") ? archived : `${archived}/${name.slice(0, 16)}`;
  const whole = [`${log}/${name}`, `${streamed}/${name}`];
  const partial = [`${streamed}/${name}.partial`, `${log}/${name}.partial`];
  for (const path of unfinished ? [...whole, ...partial] : whole) {
    const content = await readUnzipped(path);
    if (content !== null && content.length > 0) return content;
  }
  return null;
}
