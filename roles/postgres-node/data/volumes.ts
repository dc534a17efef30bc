// Whether a copy of a cluster has a place on this node: on the volume of the data directory, and on those of its tablespaces.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { diskSpace, fileSystemOf, modeOf } from "../../../core/runtime/files.ts";

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
  const account = process.getuid?.() === 0 ? postgresAccount.uid : process.getuid?.();
  for (const { name, location } of tablespaces) {
    const where = `tablespace ${name} belongs to ${location}`;
    if (isBelow(location, pgdata) || isBelow(pgdata, location)) {
      return `${where}, and one of that and the data directory ${pgdata} is within the other`;
    }
    const seen = await modeOf(location);
    if (!seen?.isDirectory) return `${where}, which is not a directory on this node: mount a volume there`;
    if (seen.uid !== account) {
      return `${where}, which has the owner ${seen.uid} on this node: give it to uid ${account}`;
    }
  }
  return null;
}

/** The first volume that has not enough room for all that goes there; null: each has. */
export async function lacking(needs: readonly Need[]): Promise<(Need & { freeBytes: number }) | null> {
  const volumes = new Map<number, Need>();
  for (const { path, bytes } of needs) {
    const id = await fileSystemOf(path);
    const known = volumes.get(id);
    volumes.set(id, { path: known?.path ?? path, bytes: (known?.bytes ?? 0) + bytes });
  }
  for (const need of volumes.values()) {
    const { freeBytes } = await diskSpace(need.path);
    if (freeBytes < need.bytes) return { ...need, freeBytes };
  }
  return null;
}
