// Makes room on a full volume for the start of its server.
import { join } from "node:path";
import { listDirectory, readPiece, remove } from "../../../core/runtime/files.ts";
import { parseWalName } from "../../../core/postgres/wal-name.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { isRecycled, pageHeaderBytes, removableWal } from "../decide/removable-wal.ts";
import { readControlData } from "../observe/control-data.ts";

/** Removes the WAL that this server, which does not run, can spare. Returns how many files. */
export async function freeRoom(pgdata: string, log: Log): Promise<number> {
  const directory = join(pgdata, "pg_wal");
  const archiveStatus = await listDirectory(join(directory, "archive_status"));
  const control = await readControlData(pgdata);
  const files = await listDirectory(directory);
  const names = removableWal({ files, archiveStatus, ...control });
  for (
    const name of files.filter((file) => parseWalName(file, control.segmentBytes) !== null && !names.includes(file))
  ) {
    const { bytes } = await readPiece(join(directory, name), 0, pageHeaderBytes);
    if (isRecycled(name, bytes, control.segmentBytes)) names.push(name);
  }
  if (names.length === 0) return 0;
  log.warn(
    "Removing WAL files that this server can spare, since the volume is full: a standby that lacks one is cloned",
    {
      files: names,
    },
  );
  for (const name of names) await remove(join(directory, name));
  return names.length;
}
