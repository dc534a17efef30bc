// PURE: which WAL files a server that does not run can spare when its volume is full.
import { parseWalName, segmentOf } from "../../../core/postgres/wal-name.ts";

/** The address in the page header at the beginning of a WAL file: xlp_pageaddr of XLogPageHeaderData. */
const addressAt = 8;
/** How much of a file isRecycled() looks at, bytes. */
export const pageHeaderBytes = 16;

/** Whether a file holds no WAL of its own yet: it is empty, or was kept to be written over under its new name. */
export function isRecycled(name: string, header: Uint8Array, segmentBytes: number): boolean {
  const file = parseWalName(name, segmentBytes);
  if (file === null || file.partial) return false;
  if (header.length < pageHeaderBytes) return true;
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  return view.getBigUint64(addressAt, true) !== file.segment * BigInt(segmentBytes);
}

export interface WalDirectory {
  /** names in pg_wal, and in pg_wal/archive_status */
  files: readonly string[];
  archiveStatus: readonly string[];
  redoLsn: string;
  segmentBytes: number;
}

/**
 * What the recovery of this server may write to its tables at most, and for a WAL file more, bytes. Its WAL from the beginning
 * of the recovery on says that: what was written there last is not in the tables yet.
 */
export function recoveryNeeds({ files, redoLsn, segmentBytes }: Omit<WalDirectory, "archiveStatus">): number {
  const redo = segmentOf(redoLsn, segmentBytes);
  const replayed = files.filter((name) => (parseWalName(name, segmentBytes)?.segment ?? -1n) >= redo);
  return (replayed.length + 1) * segmentBytes;
}

/**
 * Files before the point at which the server's recovery begins, which only others could still want: standbys that are behind,
 * which are cloned then, and barman, which takes a base backup. What an archive_command has not archived yet stays.
 */
export function removableWal({ files, archiveStatus, redoLsn, segmentBytes }: WalDirectory): string[] {
  const redo = segmentOf(redoLsn, segmentBytes);
  return files.filter((name) => {
    const file = parseWalName(name, segmentBytes);
    return file !== null && file.segment < redo && !archiveStatus.includes(`${name}.ready`);
  }).toSorted();
}
