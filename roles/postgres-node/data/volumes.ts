// Whether a copy of a cluster has a place on this node: on the volume of the data directory, and on those of its tablespaces.
import { dirname } from "node:path";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { diskSpace, ensureDirectory, exists, fileSystemOf, modeOf } from "../../../core/runtime/files.ts";

import { ensureState } from "./own-directory.ts";

/** So many bytes at a path. */
export interface Need {
  path: string;
  bytes: number;
}

const isBelow = (path: string, directory: string) => `${path}/`.startsWith(`${directory}/`);

/** Why a tablespace cannot be at its directory on this node; null: each of them can. */
export async function misplaced(
  pgdata: string,
  tablespaces: readonly { name: string; location: string }[],
): Promise<string | null> {
  const account = postgresAccount.uid;
  for (const { name, location } of tablespaces) {
    const where = `tablespace ${name} belongs to ${location}`;
    if (isBelow(location, pgdata) || isBelow(pgdata, location)) {
      return `${where}, and one of that and the data directory ${pgdata} is within the other`;
    }
    // a directory that is missing is made, as PostgreSQL's programs make it, where they could
    const seen = await modeOf(location) ?? await ownParent(location, account);
    if (!seen?.isDirectory) return `${where}, which is not a directory on this node: mount a volume there`;
    if (seen.uid !== account) {
      return `${where}, which has the owner ${seen.uid} on this node: give it to uid ${account}`;
    }
  }
  return null;
}

async function ownParent(location: string, account: number) {
  const parent = await modeOf(dirname(location));
  return parent?.uid === account ? parent : null;
}

/** Makes what is missing of a place that misplaced() has accepted, and the node's own directory there. */
export async function ensurePlace(location: string): Promise<void> {
  if (!(await exists(location))) await ensureDirectory(location, { mode: 0o700, owner: postgresAccount });
  await ensureState(location);
}

/** The first volume that has not enough room for all that goes there; null: each has. */
export async function lacking(needs: readonly Need[]): Promise<(Need & { freeBytes: number }) | null> {
  const volumes = new Map<number, Need>();
  for (const { path, bytes } of needs) {
    const there = await exists(path) ? path : dirname(path);
    const id = await fileSystemOf(there);
    const known = volumes.get(id);
    volumes.set(id, { path: known?.path ?? there, bytes: (known?.bytes ?? 0) + bytes });
  }
  for (const need of volumes.values()) {
    const { freeBytes } = await diskSpace(need.path);
    if (freeBytes < need.bytes) return { ...need, freeBytes };
  }
  return null;
}
