// The only place that touches files: whole-file atomic writes with mode and owner, and careful reads.
import * as fs from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { isMissing, nullIfMissing, openOwn, readOwn, writtenAt } from "./access.ts";
import type { Account } from "./command.ts";

export {
  ensureDirectory,
  ensureNamedDirectory,
  makeScratch,
  readIfThere,
  readMounted,
  runDirectory,
  setAccess,
  writtenAt,
} from "./access.ts";

const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;
/** Files are written where no link is: what it points to may be another account's. */
const anew = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;
const present = O_RDWR | O_NOFOLLOW;

/** In a thread of its own: an agent answers for its lease meanwhile. */
const unzip = promisify(gunzip);

export interface WriteOptions {
  /** permission bits, for example 0o600 */
  mode: number;
  owner?: Account;
}

/**
 * The prefix of half-written files. pg_basebackup, and pg_rewind below the top of a data directory, skip files of this name
 * (filemap.c, check_file_excluded). Without it another node's pg_rewind would fail at a file that still belongs to root.
 */
const temporaryPrefix = "pgsql_tmp.";

/** Whether a file of this name was being written by writeAtomic(). */
export const isTemporary = (name: string): boolean =>
  name.startsWith(temporaryPrefix) &&
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name.slice(temporaryPrefix.length));

/** Writes the whole file so that a reader sees the old or the new content, never a part, also after a power cut. See writtenAt(). */
export async function writeAtomic(known: string, content: string | Uint8Array, options: WriteOptions): Promise<void> {
  const path = await writtenAt(known);
  const temporary = join(dirname(path), temporaryPrefix + randomUUID());
  try {
    await writeSynced(temporary, content, options);
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {}); // the first failure is the one to report
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function writeSynced(path: string, content: string | Uint8Array, options: WriteOptions): Promise<void> {
  const file = await fs.open(path, "wx", options.mode);
  await syncInto(file, content, async () => {
    await file.chmod(options.mode);
    if (options.owner && process.getuid?.() === 0) await file.chown(options.owner.uid, options.owner.gid);
  });
}

async function syncInto(file: fs.FileHandle, content: string | Uint8Array, first = async () => {}): Promise<void> {
  try {
    await first();
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Like writeAtomic(), into `spare`, a file of at least this size: needs no room on the disk. The old file becomes the spare. */
export async function writeBySpare(path: string, content: Uint8Array, spare: string): Promise<void> {
  const old = `${spare}.old`;
  await syncInto(await fs.open(spare, present), content);
  await fs.rm(old, { force: true });
  await fs.link(path, old);
  await fs.rename(spare, path);
  await fs.rename(old, spare);
  await syncDirectory(dirname(path));
}

/** Writes a file that nobody needs after a crash: nothing is flushed. */
export async function writeScratch(path: string, content: Uint8Array, options: WriteOptions): Promise<void> {
  const file = await fs.open(path, anew, options.mode);
  try {
    if (options.owner && process.getuid?.() === 0) await file.chown(options.owner.uid, options.owner.gid);
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

/** Flushes a directory's entries to disk. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Reads at most `most` bytes from `offset`; also returns the size of the whole file, bytes. */
export async function readPiece(path: string, offset: number, most: number) {
  const file = await openOwn(path);
  try {
    const totalBytes = (await file.stat()).size;
    const bytes = Buffer.alloc(Math.max(0, Math.min(most, totalBytes - offset)));
    await file.read(bytes, 0, bytes.length, offset);
    return { totalBytes, bytes };
  } finally {
    await file.close();
  }
}

/** One entry below a directory. */
export interface TreeEntry {
  /** below the directory, with / between its parts */
  path: string;
  kind: "file" | "directory" | "other";
  /** 0 if it is not a file */
  bytes: number;
  modifiedMs: number;
  mode: number;
}

/** Everything below a directory in a stable order, each directory before what is in it. Links are not followed. */
export async function listTree(root: string): Promise<TreeEntry[]> {
  const found: TreeEntry[] = [];
  const list = async (within: string): Promise<void> => {
    const paths = (await fs.readdir(join(root, within))).sort().map((name) => within + name);
    const seen = await Promise.all(paths.map((path) => fs.lstat(join(root, path))));
    for (const [i, path] of paths.entries()) {
      const s = seen[i]!;
      const kind = s.isFile() ? "file" : s.isDirectory() ? "directory" : "other";
      const bytes = kind === "file" ? s.size : 0;
      found.push({ path, kind, bytes, modifiedMs: Math.floor(s.mtimeMs), mode: s.mode & 0o777 });
      if (kind === "directory") await list(`${path}/`);
    }
  };
  await list("");
  return found;
}

/**
 * Reads bytes of a file that has been listed. Null if the path now has another size or time, or is something else than a file.
 */
export async function readListed(
  path: string,
  part: { offset: number; bytes: number },
  listed: Pick<TreeEntry, "bytes" | "modifiedMs">,
): Promise<Buffer | null> {
  const file = await fs.open(path, O_RDONLY | O_NOFOLLOW).catch((error) => {
    if (isMissing(error) || (error as { code?: unknown }).code === "ELOOP") return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const s = await file.stat();
    if (!s.isFile() || s.size !== listed.bytes || Math.floor(s.mtimeMs) !== listed.modifiedMs) return null;
    const bytes = Buffer.alloc(part.bytes);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, part.offset);
    return bytesRead === part.bytes ? bytes : null;
  } finally {
    await file.close();
  }
}

/** How a part of a file is written. */
export interface PartOptions {
  offset: number;
  /** the file is made anew before, with this mode and owner */
  create?: WriteOptions;
  /** the file is flushed after, and then gets this time of modification, milliseconds since 1970 */
  finishMs?: number;
}

/** Writes a part of a file. */
export async function writePart(path: string, content: Uint8Array, options: PartOptions): Promise<void> {
  const { offset, create, finishMs } = options;
  const file = await fs.open(path, create ? anew : present, create?.mode);
  try {
    if (create) await file.chmod(create.mode);
    if (create?.owner && process.getuid?.() === 0) await file.chown(create.owner.uid, create.owner.gid);
    for (let done = 0; done < content.length;) {
      done += (await file.write(content, done, content.length - done, offset + done)).bytesWritten;
    }
    if (finishMs === undefined) return;
    await file.sync();
    const seconds = (finishMs + 0.5) / 1000; // the platform rounds down: at its very beginning, the millisecond before
    await file.utimes(seconds, seconds);
  } finally {
    await file.close();
  }
}

/** The file's content, decompressed if it was compressed by gzip; null if there is no such file. Throws on any other failure. */
export async function readUnzipped(path: string): Promise<Buffer | null> {
  const bytes = await readOwn(path);
  return bytes?.[0] === 0x1f && bytes[1] === 0x8b ? await unzip(bytes) : bytes;
}

/** The system's code for why nothing can be made at this path, or in the nearest directory above it that is there; null: it can. */
export async function whyNotWritable(path: string): Promise<string | null> {
  try {
    await fs.access(path, fs.constants.W_OK);
    return null;
  } catch (error) {
    const above = dirname(path);
    if (!isMissing(error) || path === above) return (error as { code?: string }).code ?? "unknown error";
    return (await modeOf(above))?.isDirectory === false ? "ENOTDIR" : await whyNotWritable(above);
  }
}

/** True if the path exists, whatever kind of file it is. */
export async function exists(path: string): Promise<boolean> {
  try {
    await fs.lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Names in a directory, sorted; an absent directory has none. */
export async function listDirectory(path: string): Promise<string[]> {
  try {
    return (await fs.readdir(path)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The names of the entries of a directory that are not empty; none if there is no such directory. */
export async function listFilled(path: string): Promise<string[]> {
  const names = await listDirectory(path);
  const sizes = await Promise.all(names.map((name) => fs.stat(join(path, name)).then((s) => s.size, () => 0)));
  return names.filter((_, i) => sizes[i]! > 0);
}

/** Moves one entry within a file system. */
export async function move(from: string, to: string): Promise<void> {
  await fs.rename(from, to);
}

/** Removes a file or a whole tree, if it exists. The caller has logged what and why. */
export async function remove(path: string): Promise<void> {
  await fs.rm(path, { recursive: true, force: true });
}

/** Free and total bytes of the file system that holds the path. */
export async function diskSpace(path: string): Promise<{ freeBytes: number; totalBytes: number; usedBytes: number }> {
  const s = await fs.statfs(path);
  return { freeBytes: s.bavail * s.bsize, totalBytes: s.blocks * s.bsize, usedBytes: (s.blocks - s.bfree) * s.bsize };
}

/** Permission bits and owner of a path, or null if it does not exist. */
export async function modeOf(path: string): Promise<{ mode: number; uid: number; isDirectory: boolean } | null> {
  const s = await fs.stat(path).catch(nullIfMissing);
  return s && { mode: s.mode & 0o7777, uid: s.uid, isDirectory: s.isDirectory() };
}

/** When a file was written last, milliseconds since 1970; null if it does not exist. */
export async function modifiedMs(path: string): Promise<number | null> {
  const s = await fs.stat(path).catch(nullIfMissing);
  return s && Math.floor(s.mtimeMs);
}

/** The target of a symbolic link, or null if it cannot be read. */
export async function linkTarget(path: string): Promise<string | null> {
  return await fs.readlink(path).catch(() => null);
}

/** Makes a symbolic link at `path`, which must not exist. */
export async function link(target: string, path: string): Promise<void> {
  await fs.symlink(target, path);
}

/** The number of the file system that holds an existing path. */
export async function fileSystemOf(path: string): Promise<number> {
  return (await fs.stat(path)).dev;
}
