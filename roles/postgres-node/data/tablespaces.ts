// The tablespaces of a data directory: links to directories elsewhere, often volumes of their own. What replaces their content
// is received inside them, in a directory of the node's own as in PGDATA, and moved into place together with the data directory.
import { join } from "node:path";
import { exists, link, linkTarget, listDirectory, move, remove } from "../../../core/runtime/files.ts";
import {
  keptDirectory,
  keptNames,
  moveAll,
  outgoingDirectory,
  stagingDirectory,
  stateDirectory,
} from "./own-directory.ts";

/** PostgreSQL's own directory in a tablespace, such as PG_17_202406281. What else is there is not the cluster's. */
const ownByPostgres = /^PG_\d+_\d+$/;

const linksIn = (directory: string) => join(directory, "pg_tblspc");

/** A tablespace: its number, and the directory that PostgreSQL knows it by. */
export interface Placed {
  oid: string;
  location: string;
}

/** The tablespaces that a data directory links to. */
export async function linkedTablespaces(directory: string): Promise<Placed[]> {
  const oids = (await listDirectory(linksIn(directory))).filter((name) => /^\d+$/.test(name));
  const targets = await Promise.all(oids.map((oid) => linkTarget(join(linksIn(directory), oid))));
  return oids.flatMap((oid, i) => targets[i]?.startsWith("/") ? [{ oid, location: targets[i] }] : []);
}

/** Their directories, each once. */
export async function linkedLocations(...directories: readonly string[]): Promise<string[]> {
  const all = await Promise.all(directories.map(linkedTablespaces));
  return [...new Set(all.flat().map((t) => t.location))];
}

/** Makes a data directory link to these tablespaces. */
export async function linkTablespaces(directory: string, tablespaces: readonly Placed[]): Promise<void> {
  for (const { oid, location } of tablespaces) {
    await remove(join(linksIn(directory), oid));
    await link(location, join(linksIn(directory), oid));
  }
}

const entriesOf = async (location: string) =>
  (await listDirectory(location)).filter((name) => ownByPostgres.test(name));

/** Moves the content of tablespaces out of the way. Like the other steps it can be repeated. */
export async function moveOut(locations: readonly string[]): Promise<void> {
  for (const location of locations) {
    const entries = await entriesOf(location);
    if (entries.length > 0) await moveAll(entries, location, outgoingDirectory(location));
  }
}

/** Moves what was received into place. */
export async function moveIn(locations: readonly string[]): Promise<void> {
  for (const location of locations) {
    const from = stagingDirectory(location);
    const entries = await entriesOf(from);
    if (entries.length > 0) await moveAll(entries, from, location);
  }
}

/** Keeps what was moved out under a name, or removes it if that is null. */
export async function putAside(locations: readonly string[], name: string | null): Promise<void> {
  for (const location of locations) {
    if (name !== null && await exists(outgoingDirectory(location))) {
      await remove(keptDirectory(location, name)); // of a restore of which the data directory keeps nothing
      await move(outgoingDirectory(location), keptDirectory(location, name));
    }
    await remove(outgoingDirectory(location));
    await remove(stagingDirectory(location));
    await removeIfEmpty(location);
  }
}

/** What was kept under a name is to be moved in again. */
export async function takeBack(locations: readonly string[], name: string): Promise<void> {
  for (const location of locations) {
    if (!(await exists(keptDirectory(location, name)))) continue;
    await remove(stagingDirectory(location));
    await move(keptDirectory(location, name), stagingDirectory(location));
  }
}

/** Removes the content of tablespaces. The caller has logged why. */
export async function clearContent(locations: readonly string[]): Promise<void> {
  for (const location of locations) {
    for (const name of await entriesOf(location)) await remove(join(location, name));
  }
}

/** Removes what is kept in tablespaces. The caller has logged why. */
export async function forgetKept(locations: readonly string[]): Promise<void> {
  for (const location of locations) {
    for (const name of await keptNames(location)) await remove(keptDirectory(location, name));
    await removeIfEmpty(location);
  }
}

/** The first tablespace of a data directory in which old data are kept; null: none is. */
export async function keepsOldData(pgdata: string): Promise<string | null> {
  for (const location of await linkedLocations(pgdata)) {
    if ((await keptNames(location)).length > 0) return location;
  }
  return null;
}

async function removeIfEmpty(location: string): Promise<void> {
  if ((await listDirectory(stateDirectory(location))).length === 0) await remove(stateDirectory(location));
}
