// PURE: which WAL files a server that does not run can spare when its volume is full.
import { parseWalName, segmentOf } from "../../../core/postgres/wal-name.ts";

export interface WalDirectory {
  /** names in pg_wal, and in pg_wal/archive_status */
  files: readonly string[];
  archiveStatus: readonly string[];
  redoLsn: string;
  segmentBytes: number;
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
