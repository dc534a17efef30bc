// Sends a base backup to a node that restores it: first the list of its files, then their bytes.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ControlRefusal } from "../../../core/http/control.ts";
import { errorText } from "../../../core/words/errors.ts";
import { exists, listDirectory, listTree, readListed } from "../../../core/runtime/files.ts";
import { inParallel } from "../../../core/runtime/parallel.ts";
import { cutIntoAnswers } from "../../../core/protocol/backup-parts.ts";
import type { AnswerOf, BackupEntry, orders, QuestionOf } from "../../../core/protocol/orders.ts";
import { readRecord } from "../act/records.ts";
import { type BackupRecord, parseBackupInfo } from "../text/backup-info.ts";
import { combinedDirectory, dataDirectory, ownDirectory, type Places, tablespacesDirectory } from "../text/places.ts";
import type { Barman } from "../state.ts";

type FilesAsked = QuestionOf<typeof orders.backupFiles>;
type Files = AnswerOf<typeof orders.backupFiles>;
type PieceAsked = QuestionOf<typeof orders.backupPiece>;
type Pieces = AnswerOf<typeof orders.backupPiece>["pieces"];

/** A list is forgotten when nothing has been asked of it for this long, milliseconds. */
const keptMs = 5 * 60_000;
/** Size of a page of the list, characters; an answer is limited to 1 MB. */
const pageChars = 600_000;
/** How many files are read at the same time for one answer. */
const mostReads = 8;

interface Listed {
  entries: BackupEntry[];
  totalBytes: number;
  digest: string;
  /** that holds the files */
  directory: string;
  /** that holds a directory for each tablespace */
  tablespaces: string;
}

interface Kept {
  id: string;
  listed: Promise<Listed>;
  usedMs: number;
}

export interface BackupDesk {
  files(question: FilesAsked): Promise<Files>;
  piece(question: PieceAsked): Promise<{ pieces: Pieces }>;
}

/** Answers for one backup at a time: its list is read once and kept while it is asked for. */
export function backupDesk(
  barman: Pick<Barman, "clock" | "log" | "stop"> & { config: Places & { sshEnable: boolean } },
): BackupDesk {
  const { config, clock, log, stop } = barman;
  let kept: Kept | null = null;
  const forgetUnused = async (own: Kept) => {
    while (kept === own && !stop.aborted) {
      const restMs = own.usedMs + keptMs - clock.nowMs();
      if (restMs <= 0) kept = null;
      else await clock.sleep(restMs, stop);
    }
  };
  const list = async (id: string): Promise<Listed> => {
    const listed = await readList(config, id);
    log.info("Sending a base backup to a node", {
      backup: id,
      entries: listed.entries.length,
      bytes: listed.totalBytes,
    });
    return listed;
  };
  const listOf = (id: string): Promise<Listed> => {
    if (kept?.id !== id) {
      const own: Kept = kept = { id, listed: list(id), usedMs: clock.nowMs() };
      own.listed.catch(() => {
        if (kept === own) kept = null;
      });
      void forgetUnused(own);
    }
    kept.usedMs = clock.nowMs();
    return kept.listed;
  };
  // a backup that is combined again has the same files with other times
  const forgetCombined = async (id: string) => {
    const listed = kept?.id === id ? await kept.listed.catch(() => null) : null;
    if (listed?.directory.startsWith(`${combinedDirectory(config)}/`)) kept = null;
  };
  return {
    files: async ({ id, from }) => {
      if (from === 0) await forgetCombined(id);
      const { entries, totalBytes, digest, directory, tablespaces } = await listOf(id);
      const ssh = config.sshEnable ? { files: directory, tablespaces } : null;
      return { entries: page(entries, from), total: entries.length, totalBytes, digest, ssh };
    },
    piece: async (asked) => {
      const { entries, digest, directory, tablespaces } = await listOf(asked.id);
      if (digest !== asked.digest) {
        throw new ControlRefusal(`backup ${asked.id} has other files than the node was sent; begin the restore again`);
      }
      const answer = await readPieces({ files: directory, tablespaces }, entries, asked);
      if ("pieces" in answer) return answer;
      kept = null;
      const why = `${answer.changed} in backup ${asked.id} was changed or removed while it was sent`;
      log.warn("A base backup cannot be sent", { backup: asked.id, why });
      throw new ControlRefusal(`${why}; begin the restore again, or with another backup`);
    },
  };
}

function page(entries: readonly BackupEntry[], from: number): BackupEntry[] {
  let end = from;
  for (let chars = 0; end < entries.length && chars < pageChars; end++) chars += JSON.stringify(entries[end]).length;
  return entries.slice(from, end);
}

/** What fits into one answer, or the path of a file that is no longer as it was listed. */
async function readPieces(
  at: { files: string; tablespaces: string },
  entries: readonly BackupEntry[],
  from: { index: number; offset: number },
): Promise<{ pieces: Pieces } | { changed: string }> {
  if (from.offset > (entries[from.index]?.bytes ?? 0)) {
    throw new ControlRefusal(`entry ${from.index} has less than ${from.offset} bytes`);
  }
  const parts = cutIntoAnswers(entries, () => true, from).next().value ?? [];
  const pieces: Pieces = [];
  const changed: string[] = [];
  await inParallel(mostReads, parts.entries(), async ([i, part]) => {
    const entry = entries[part.index]!;
    const bytes = await readListed(placeOf(entry.path, at), part, entry);
    if (bytes === null) changed.push(entry.path);
    else pieces[i] = { index: part.index, offset: part.offset, content: bytes };
  });
  return changed[0] === undefined ? { pieces } : { changed: changed[0] };
}

/** Where an entry is: barman has each tablespace beside the data, under its number. */
function placeOf(path: string, { files, tablespaces }: { files: string; tablespaces: string }): string {
  return /^pg_tblspc\/\d+\//.test(path) ? join(tablespaces, path.slice("pg_tblspc/".length)) : join(files, path);
}

/** The files of a finished backup; those of tablespaces as pg_tblspc/NUMBER. Throws ControlRefusal if a node cannot have them. */
async function readList(places: Places, id: string): Promise<Listed> {
  const { files, tablespaces } = await fitDirectories(places, id);
  const oids = (await listDirectory(tablespaces)).filter((name) => /^\d+$/.test(name));
  const digest = createHash("sha256");
  const entries: BackupEntry[] = [];
  let totalBytes = 0;
  const take = async (from: string, prefix: string) => {
    for (const { kind, path: within, ...rest } of await listTree(from)) {
      const path = prefix + within;
      if (kind === "other") {
        if (oids.some((oid) => path === `pg_tblspc/${oid}`)) continue;
        throw new ControlRefusal(
          `${path} in backup ${id} is a link or a special file, which a node cannot fetch; ` +
            "use `postdock barman restore --into` in the barman container",
        );
      }
      const entry = { path, kind, ...rest };
      digest.update(`${JSON.stringify(entry)}\n`);
      entries.push(entry);
      totalBytes += entry.bytes;
    }
  };
  await take(files, "");
  for (const oid of oids) await take(join(tablespaces, oid), `pg_tblspc/${oid}/`);
  return { entries, totalBytes, digest: digest.digest("hex"), directory: files, tablespaces };
}

/** The directories of its files. Throws ControlRefusal if a node cannot have them. */
async function fitDirectories(places: Places, id: string): Promise<{ files: string; tablespaces: string }> {
  const record = await readRecord(places, id);
  if (record === null || !(await exists(ownDirectory(places, id)))) {
    throw new ControlRefusal(`barman has no backup ${id}; \`postdock barman list\` shows the backups that it has`);
  }
  const finished = finishedRecord(id, record);
  if (finished === null) {
    throw new ControlRefusal(`backup ${id} is not finished; wait for it, or take another of \`postdock barman list\``);
  }
  const files = dataDirectory(places, finished);
  if (await exists(files)) return { files, tablespaces: tablespacesDirectory(places, finished) };
  const lacks = finished.parent === null ? "compressed and not unpacked" : "incremental and not combined";
  throw new ControlRefusal(`backup ${id} is ${lacks} yet; type postdock barman restore resume`);
}

function finishedRecord(id: string, record: string): BackupRecord | null {
  try {
    return parseBackupInfo(id, record);
  } catch (error) {
    throw new ControlRefusal(`${errorText(error)}; take another of \`postdock barman list\``);
  }
}
