// Makes room on a full volume for the start of its server.
import { join } from "node:path";
import { diskSpace, listDirectory, readPiece, remove } from "../../../core/runtime/files.ts";
import { parseWalName } from "../../../core/postgres/wal-name.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import { isRecycled, pageHeaderBytes, recoveryNeeds, removableWal } from "../decide/removable-wal.ts";
import { readControlData } from "../observe/control-data.ts";
import { giveUpReserve } from "./reserve.ts";

/**
 * Removes the WAL that this server, which does not run, can spare; where there is none, the reserve. Returns how many bytes its
 * recovery may lack after that; null: something was removed, and the next start shows whether it was enough.
 */
export async function freeRoom(pgdata: string, log: Log): Promise<number | null> {
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
  if (names.length > 0) {
    const because = "the volume is full: a standby that lacks one is cloned";
    log.warn("Removing WAL files that this server can spare", { because, files: names });
    for (const name of names) await remove(join(directory, name));
    return null;
  }
  const reserve = await giveUpReserve(pgdata);
  if (reserve > 0) {
    log.warn("Giving up the reserve", {
      because: "the volume is full, and has no WAL to spare",
      room: sizeText(reserve),
    });
    return null;
  }
  const { freeBytes } = await diskSpace(pgdata);
  return Math.max(control.segmentBytes, recoveryNeeds({ files, ...control }) - freeBytes);
}
