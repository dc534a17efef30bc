// How much the data take that restores have replaced, and how full their volumes are.
import { diskSpace, listTree } from "../../../core/runtime/files.ts";
import { keptDirectory, keptNames } from "./own-directory.ts";
import { linkedLocations } from "./tablespaces.ts";

/** Looks at what is kept; null: nothing is. Its size never changes, so it is measured once. */
export function keptLook(pgdata: string) {
  const sizes = new Map<string, number>();
  const sizeOf = async (path: string): Promise<number> => {
    const known = sizes.get(path);
    if (known !== undefined) return known;
    const bytes = (await listTree(path)).reduce((sum, entry) => sum + entry.bytes, 0);
    sizes.set(path, bytes);
    return bytes;
  };
  return async (): Promise<{ names: string[]; bytes: number; freeShare: number } | null> => {
    const names = await keptNames(pgdata);
    if (names.length === 0) return null;
    const directories = names.map((name) => keptDirectory(pgdata, name));
    const volumes = [pgdata, ...await linkedLocations(pgdata, ...directories)];
    let bytes = 0;
    let freeShare = 1;
    for (const volume of volumes) {
      const kept = await keptNames(volume);
      if (kept.length === 0) continue;
      for (const name of kept) bytes += await sizeOf(keptDirectory(volume, name));
      const { freeBytes, totalBytes } = await diskSpace(volume);
      freeShare = Math.min(freeShare, freeBytes / totalBytes);
    }
    return { names, bytes, freeShare };
  };
}
