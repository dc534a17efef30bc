// Fetches a base backup from barman's agent into a directory. It may be interrupted at any moment, and goes on at the next call.
import { join } from "node:path";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, remove, syncDirectory, type WriteOptions, writePart } from "../../../core/runtime/files.ts";
import { inParallel } from "../../../core/runtime/parallel.ts";
import { cutIntoAnswers, type FilePart } from "../../../core/protocol/backup-parts.ts";
import type { AnswerOf, BackupEntry, orders } from "../../../core/protocol/orders.ts";
import { type FetchTarget, listTarget, placeOf } from "./fetch-target.ts";
import { fetchBySsh } from "./fetch-by-ssh.ts";
import { type BackupList, BackupSource, type SourceDeps } from "./backup-source.ts";

/** How many answers are asked for at the same time, and how many files of one answer are written at the same time. */
const mostRequests = 4;
const mostWrites = 16;
/** How many names of removed entries the log shows. */
const mostNames = 20;

/** Without this file a directory is not a cluster. */
const versionFile = "PG_VERSION";

const access = (mode: number): WriteOptions => ({ mode, owner: postgresAccount });

export interface FetchBackupDeps extends SourceDeps {
  onProgress: (p: { doneBytes: number; totalBytes: number }) => void;
}

/**
 * Makes the target the same as the backup. A file of the right size and time is there already: it gets its time last. The rest
 * is fetched. PG_VERSION is written at the very end, so that a half copy is never a cluster.
 */
export async function fetchBackup(
  source: { hosts: readonly string[]; id: string; ssh?: boolean },
  target: FetchTarget,
  deps: FetchBackupDeps,
): Promise<{ bytes: number; files: number }> {
  const { log } = deps;
  const { directory, tablespaces } = target;
  const from = new BackupSource(source, deps);
  const list = await from.list();
  const version = list.entries.findIndex((e) => e.path === versionFile && e.kind === "file");
  if (version < 0) throw from.failure(`backup ${source.id} has no ${versionFile}`);
  for (const root of [directory, ...tablespaces.values()]) await ensureDirectory(root, access(0o700));
  await remove(join(directory, versionFile));
  await syncDirectory(directory);

  const before = await compare(list.entries, target);
  await removeForeign(before.foreign, target, deps);
  const directories = list.entries.filter((e) => e.kind === "directory");
  for (const { path, mode } of directories) await ensureDirectory(placeOf(path, target), access(mode));
  const files = list.entries.length - directories.length;
  log.info("Fetching a base backup", {
    backup: source.id,
    from: source.hosts,
    files,
    bytes: list.totalBytes,
    filesThere: before.complete.size,
    by: source.ssh ? "ssh" : "agent",
  });

  const copy = new Copy(from, list, target, deps);
  copy.count(before.complete);
  const lacks = (index: number) => index !== version && !before.complete.has(index);
  if (source.ssh) {
    const wanted = list.entries.filter((e, index) => e.kind === "file" && lacks(index));
    await fetchBySsh(wanted, from.bySsh(list), target, { signal: deps.signal, onBytes: (bytes) => copy.add(bytes) });
  } else {
    await copy.fetchFiles(lacks);
  }
  const after = await compare(list.entries, target);
  const lacking = list.entries.find((e, i) => e.kind === "file" && i !== version && !after.complete.has(i));
  const wrong = lacking?.path ?? after.foreign[0];
  if (wrong !== undefined) throw from.failure(`${wrong} is not as in backup ${source.id} after the copy`);
  await inParallel(mostRequests, directories, ({ path }) => syncDirectory(placeOf(path, target)));
  await copy.fetchFiles((index) => index === version);
  await syncDirectory(directory);
  log.info("Base backup fetched", { backup: source.id, files, bytes: list.totalBytes });
  return { bytes: list.totalBytes, files };
}

/** Which files of the backup are complete in a directory, by their places in the list, and what does not belong to it. */
async function compare(entries: readonly BackupEntry[], target: FetchTarget) {
  const places = new Map(entries.map((entry, index) => [entry.path, index]));
  const complete = new Set<number>();
  const foreign: string[] = [];
  for (const { path, kind, bytes, modifiedMs } of await listTarget(target)) {
    const index = places.get(path) ?? -1;
    const entry = entries[index];
    if (entry?.kind !== kind) foreign.push(path);
    else if (kind === "file" && entry.bytes === bytes && entry.modifiedMs === modifiedMs) complete.add(index);
  }
  return { complete, foreign };
}

async function removeForeign(foreign: readonly string[], target: FetchTarget, { log }: FetchBackupDeps): Promise<void> {
  if (foreign.length === 0) return;
  log.warn("Removing what does not belong to the base backup", {
    directory: target.directory,
    entries: foreign.length,
    names: foreign.slice(0, mostNames),
  });
  for (const path of foreign) await remove(placeOf(path, target));
}

/** The files of one copy that are being written. */
class Copy {
  private doneBytes = 0;
  /** files that arrive in several parts, by their place in the list */
  private readonly open = new Map<number, { created: Promise<void>; leftBytes: number }>();

  constructor(
    private readonly source: BackupSource,
    private readonly list: BackupList,
    private readonly target: FetchTarget,
    private readonly deps: FetchBackupDeps,
  ) {}

  /** Counts files as done. */
  count(complete: Iterable<number>): void {
    for (const index of complete) this.doneBytes += this.list.entries[index]!.bytes;
    this.report();
  }

  /** Counts bytes that came another way. */
  add(bytes: number): void {
    this.doneBytes += bytes;
    this.report();
  }

  /** Fetches the wanted files. */
  async fetchFiles(wanted: (index: number) => boolean): Promise<void> {
    await inParallel(mostRequests, cutIntoAnswers(this.list.entries, wanted), async (parts) => {
      for (let rest = parts; rest.length > 0;) {
        const got = matching(rest, await this.source.pieces(this.list.digest, rest[0]!));
        if (got.length === 0) {
          throw this.source.failure("barman's agent answered with other bytes than it was asked for");
        }
        await inParallel(mostWrites, got, (part) => this.write(part));
        rest = without(rest, got);
        this.add(got.reduce((sum, part) => sum + part.bytes, 0));
      }
    });
  }

  private async write({ index, offset, content }: Received): Promise<void> {
    const entry = this.list.entries[index]!;
    const path = placeOf(entry.path, this.target);
    const create = access(entry.mode);
    if (content.length === entry.bytes) {
      return await writePart(path, content, { offset: 0, create, finishMs: entry.modifiedMs });
    }
    let file = this.open.get(index);
    if (!file) {
      file = { created: writePart(path, new Uint8Array(), { offset: 0, create }), leftBytes: entry.bytes };
      this.open.set(index, file);
    }
    await file.created;
    await writePart(path, content, { offset });
    file.leftBytes -= content.length;
    if (file.leftBytes > 0) return;
    this.open.delete(index);
    await writePart(path, new Uint8Array(), { offset: 0, finishMs: entry.modifiedMs });
  }

  private report(): void {
    this.deps.onProgress({ doneBytes: this.doneBytes, totalBytes: this.list.totalBytes });
  }
}

type Received = FilePart & { content: Uint8Array };

/** What of an answer was asked for. A part may be shorter than it should be; then it is the last. */
function matching(parts: readonly FilePart[], pieces: AnswerOf<typeof orders.backupPiece>["pieces"]): Received[] {
  const received: Received[] = [];
  for (const [i, { index, offset, content: sent }] of pieces.entries()) {
    const part = parts[i];
    if (part?.index !== index || part.offset !== offset) break;
    const content = sent.subarray(0, part.bytes);
    if (content.length === 0 && part.bytes > 0) break;
    received.push({ index, offset, bytes: content.length, content });
    if (content.length < part.bytes) break;
  }
  return received;
}

/** What is still to be fetched. */
function without(parts: readonly FilePart[], received: readonly Received[]): FilePart[] {
  const last = received.at(-1)!;
  const part = parts[received.length - 1]!;
  const rest = parts.slice(received.length);
  if (last.bytes === part.bytes) return rest;
  return [{ index: part.index, offset: part.offset + last.bytes, bytes: part.bytes - last.bytes }, ...rest];
}
