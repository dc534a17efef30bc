// Makes room on a full volume for the start of its server.
import { join } from "node:path";
import { listDirectory, remove } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { removableWal } from "../decide/removable-wal.ts";
import { readControlData } from "../observe/control-data.ts";

/** Removes the WAL that this server, which does not run, can spare. Returns how many files. */
export async function freeRoom(pgdata: string, log: Log): Promise<number> {
  const directory = join(pgdata, "pg_wal");
  const archiveStatus = await listDirectory(join(directory, "archive_status"));
  const names = removableWal({
    files: await listDirectory(directory),
    archiveStatus,
    ...await readControlData(pgdata),
  });
  if (names.length === 0) return 0;
  log.warn("Removing WAL that only others could want, since the volume is full: a standby that lacks it is cloned", {
    files: names.length,
    first: names[0],
    last: names.at(-1),
  });
  for (const name of names) await remove(join(directory, name));
  return names.length;
}
