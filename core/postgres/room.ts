// PURE: when the volume of a data directory has no room, and when it has enough. Free bytes that could not be seen are null:
// neither the one nor the other.

/** With less free a node has no room for another WAL segment: its writes fail. Bytes. */
const noRoomBytes = 16 * 1024 * 1024;
/** A node with less free does not take over because of room, bytes. */
const roomBytes = 16 * noRoomBytes;

/** Whether writes there fail. */
export function lacksRoom(freeBytes: number | null): boolean {
  return freeBytes !== null && freeBytes < noRoomBytes;
}

/** Whether a node may lead there because another has no room. */
export function hasRoom(freeBytes: number | null): boolean {
  return freeBytes !== null && freeBytes >= roomBytes;
}
