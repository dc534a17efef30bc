// Where a backup goes on a node, and what is there already.
import { join } from "node:path";
import { listTree, type TreeEntry } from "../../../core/runtime/files.ts";

/** Where a backup goes: its data directory, and each tablespace by its number; barman sends that as pg_tblspc/NUMBER. */
export interface FetchTarget {
  directory: string;
  tablespaces: ReadonlyMap<string, string>;
}

const inTablespace = /^pg_tblspc\/(\d+)\/(.+)$/;

/** The number of the tablespace that an entry belongs to, or nothing for the data directory, and its path below that. */
export function splitPath(path: string): { oid: string; within: string } {
  const [, oid = "", within = path] = inTablespace.exec(path) ?? [];
  return { oid, within };
}

/** The directory of a tablespace on this node, or of the data for nothing. Throws if the tablespace was not ordered. */
export function rootOf(oid: string, { directory, tablespaces }: FetchTarget): string {
  const root = oid === "" ? directory : tablespaces.get(oid);
  if (root === undefined) throw new Error(`the backup has the tablespace ${oid}, which was not ordered`);
  return root;
}

/** The path of an entry of the backup on this node. Throws if it belongs to a tablespace that was not ordered. */
export function placeOf(path: string, target: FetchTarget): string {
  const { oid, within } = splitPath(path);
  return join(rootOf(oid, target), within);
}

/** What is there, under the paths of the backup; without the links to tablespaces, which are made after the copy. */
export async function listTarget({ directory, tablespaces }: FetchTarget): Promise<TreeEntry[]> {
  const here = (await listTree(directory)).filter(({ path, kind }) =>
    !(kind === "other" && /^pg_tblspc\/\d+$/.test(path))
  );
  const elsewhere = await Promise.all(
    [...tablespaces].map(async ([oid, at]) =>
      (await listTree(at)).map((entry) => ({ ...entry, path: `pg_tblspc/${oid}/${entry.path}` }))
    ),
  );
  return [...here, ...elsewhere.flat()];
}
