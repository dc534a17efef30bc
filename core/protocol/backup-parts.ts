// PURE: how the files of a base backup are cut into answers. barman's agent and the node that asks it cut alike.
import { type BackupEntry, pieceBytes } from "./orders.ts";

/** Some consecutive bytes of a file, perhaps all or none; `index` is the file's place in the list of entries. */
export interface FilePart {
  index: number;
  offset: number;
  bytes: number;
}

/** Most parts in one answer, whose line of JSON is limited to 1 MB: each costs up to 60 characters there. */
const mostParts = 1_000;

/**
 * The parts of all wanted files, cut into answers, from a place in the list on. An answer has consecutive files, so a file that
 * is not wanted ends it.
 */
export function* cutIntoAnswers(
  entries: readonly BackupEntry[],
  wanted: (index: number) => boolean,
  from: { index: number; offset: number } = { index: 0, offset: 0 },
): Generator<FilePart[], void> {
  let parts: FilePart[] = [];
  let room = pieceBytes;
  const full = () => {
    const answer = parts;
    parts = [];
    room = pieceBytes;
    return answer;
  };
  for (let index = from.index; index < entries.length; index++) {
    const { kind, bytes: size } = entries[index]!;
    if (kind === "directory") continue;
    if (!wanted(index)) {
      if (parts.length > 0) yield full();
      continue;
    }
    let offset = index === from.index ? from.offset : 0;
    do {
      const bytes = Math.min(room, size - offset);
      parts.push({ index, offset, bytes });
      offset += bytes;
      room -= bytes;
      if (room === 0 || parts.length === mostParts) yield full();
    } while (offset < size);
  }
  if (parts.length > 0) yield full();
}
