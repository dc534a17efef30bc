// Who may use a file or a directory. What has a link in its place is not touched: an account of this container may have put it
// there, and root would follow it anywhere. With files.ts the only door to files.
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Account } from "./command.ts";

export interface Access {
  /** permission bits, for example 0o700 */
  mode: number;
  owner?: Account;
}

/** open(2): a handle that names what is there, a link itself included, and opens nothing. */
const oPath = 0o10000000;

/** All that is written at a start lies here, with links in the images from the paths that people know: the rest may be read-only. */
export const runDirectory = "/run/postdock";

/** Where what people know as `path` is written: the image's own link leads into /run/postdock. No other link is followed. */
export async function writtenAt(path: string): Promise<string> {
  const own = join(runDirectory, basename(path));
  return await fs.readlink(path).catch(() => null) === own ? own : path;
}

const isRoot = () => process.getuid?.() === 0;

/** What the system says of a link that must not be followed (open(2)). */
const linkError = (path: string) =>
  Object.assign(new Error(`ELOOP: a link is not followed, '${path}'`), { code: "ELOOP", path });

/**
 * Opens a file for reading that another account may have replaced. Throws ELOOP if it is a link, EISDIR if it is a directory, and
 * EINVAL if it is a pipe or a device: an agent of root would copy what it leads to, or wait at it.
 */
export async function openOwn(known: string): Promise<fs.FileHandle> {
  const path = await writtenAt(known);
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;
  const file = await fs.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error) => {
    throw (error as { code?: unknown }).code === "ELOOP" ? linkError(path) : error;
  });
  try {
    const seen = await file.stat();
    if (seen.isFile()) return file;
    const code = seen.isDirectory() ? "EISDIR" : "EINVAL";
    throw Object.assign(new Error(`${code}: not a file, '${path}'`), { code, path });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The file's text, or null if there is no such file. Throws on any other failure, also if it is a link: see openOwn(). */
export async function readIfThere(path: string): Promise<string | null> {
  return (await readOwn(path))?.toString("utf8") ?? null;
}

/** The same of a file that the operator has mounted, or of the system: it may be a link. */
export async function readMounted(path: string): Promise<string | null> {
  return await fs.readFile(path, "utf8").catch(nullIfMissing);
}

/** The file's bytes; null if there is no such file. */
export async function readOwn(path: string): Promise<Buffer | null> {
  const file = await openOwn(path).catch(nullIfMissing);
  return file && await file.readFile().finally(() => file.close());
}

export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

export function isMissing(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Sets the mode and, as root, the owner of an existing path. Throws ELOOP if it is a link. */
export async function setAccess(path: string, { mode, owner }: Access): Promise<void> {
  const handle = await fs.open(path, oPath | fs.constants.O_NOFOLLOW);
  const same = `/proc/self/fd/${handle.fd}`;
  try {
    if ((await handle.stat()).isSymbolicLink()) throw linkError(path);
    await fs.chmod(same, mode);
    if (owner && isRoot()) await fs.chown(same, owner.uid, owner.gid);
  } catch (error) {
    if (error instanceof Error) Object.assign(error, { path, message: error.message.replace(same, path) });
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Makes a directory and its parents. Sets its mode and owner even if it existed. Throws ELOOP if it is a link that is not the image's
 * own. Without root, a directory of another owner that may be written stays as it is.
 */
export async function ensureDirectory(known: string, access: Access): Promise<void> {
  const path = await writtenAt(known);
  await fs.mkdir(path, { recursive: true });
  if (!(await isLent(path))) await setAccess(path, access);
}

async function isLent(path: string): Promise<boolean> {
  if (isRoot()) return false;
  const seen = await fs.lstat(path);
  if (!seen.isDirectory() || seen.uid === process.getuid?.()) return false;
  return await fs.access(path, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK).then(() => true, () => false);
}

/** The same for a directory that the operator names: a link may be there, if it is root's or nobody here is root. */
export async function ensureNamedDirectory(path: string, access: Access): Promise<void> {
  const seen = await fs.lstat(path).catch(() => null);
  if (!seen?.isSymbolicLink()) return await ensureDirectory(path, access);
  if (isRoot() && seen.uid !== 0) throw linkError(path);
  await ensureDirectory(resolve(dirname(path), await fs.readlink(path)), access);
}

/** Makes an empty directory for temporary files, with a name that nobody can know before. */
export async function makeScratch(name: string, owner?: Account): Promise<string> {
  const path = await fs.mkdtemp(join(tmpdir(), `${name}-`));
  await setAccess(path, { mode: 0o700, ...(owner ? { owner } : {}) });
  return path;
}
