// PURE: when the volume of a data directory has no room, and when it has enough. Free bytes that could not be seen are null,
// and count as neither.

/** With less free space, a node has no room for another WAL segment and its writes fail. Bytes. */
const noRoomBytes = 16 * 1024 * 1024;
/** A node with less free space does not take over from a node without room, bytes. */
const roomBytes = 16 * noRoomBytes;

/** The largest reserve, bytes: a large volume has WAL to spare besides. */
const longestReserveBytes = 128 * 1024 * 1024;

/**
 * What a node keeps for its recovery on a full volume, bytes. It is a sixteenth of a small volume, and so about what is written
 * between two checkpoints: max_wal_size is an eighth.
 */
export function reserveBytes(totalBytes: number): number {
  return Math.min(longestReserveBytes, Math.floor(totalBytes / 16));
}

/** Whether there is room enough to set that aside. */
export function affordsReserve({ freeBytes, totalBytes }: { freeBytes: number; totalBytes: number }): boolean {
  return freeBytes >= 4 * reserveBytes(totalBytes);
}

/** What a restored copy of a backup needs beside what is there: the backup, and WAL while it is replayed; bytes. */
export function restoreNeeds(backupBytes: number): number {
  return Math.ceil(backupBytes * 1.1) + 256 * 1024 * 1024;
}

/** Whether writes fail with this many free bytes. */
export function lacksRoom(freeBytes: number | null): boolean {
  return freeBytes !== null && freeBytes < noRoomBytes;
}

/** Whether a node with this many free bytes may take over from a node without room. */
export function hasRoom(freeBytes: number | null): boolean {
  return freeBytes !== null && freeBytes >= roomBytes;
}
