// A file that takes room for nothing, so that a full volume has some left for the recovery of its server.
import { join } from "node:path";
import { affordsReserve, reserveBytes } from "../../../core/postgres/room.ts";
import { postgresAccount, run } from "../../../core/runtime/command.ts";
import { diskSpace, exists, readPiece, remove } from "../../../core/runtime/files.ts";
import { ensureState, stateDirectory } from "./own-directory.ts";

const path = (pgdata: string) => join(stateDirectory(pgdata), "reserve");

/** Makes the reserve, or makes it larger with its volume, while there is room for it. Throws if the volume cannot. */
export async function keepReserve(pgdata: string): Promise<void> {
  const space = await diskSpace(pgdata);
  const wanted = reserveBytes(space.totalBytes);
  if (await bytesOf(path(pgdata)) >= wanted || !affordsReserve(space)) return;
  await ensureState(pgdata);
  const made = run(["fallocate", "-l", String(wanted), path(pgdata)], { as: postgresAccount, timeoutMs: 10_000 });
  await made.catch(async (error) => {
    await remove(path(pgdata));
    throw error;
  });
}

/** Gives it up. Returns how many bytes that makes. */
export async function giveUpReserve(pgdata: string): Promise<number> {
  const bytes = await bytesOf(path(pgdata));
  await remove(path(pgdata));
  return bytes;
}

async function bytesOf(file: string): Promise<number> {
  return await exists(file) ? (await readPiece(file, 0, 0)).totalBytes : 0;
}
