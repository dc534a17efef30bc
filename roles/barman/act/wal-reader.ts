// Reads commits and restore points from WAL files of the archive. A file is copied to a directory of the reader's own, read by
// pg_waldump, and removed once the next is read.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { ensureDirectory, move, remove, writeScratch } from "../../../core/runtime/files.ts";
import { compareLsn } from "../../../core/postgres/lsn.ts";
import { segmentOf, type WalFile, walName } from "../../../core/postgres/wal-name.ts";
import { errorText } from "../../../core/words/errors.ts";
import { readWal } from "./wal-files.ts";
import { type Mark, parseEnd, parseMark } from "../text/waldump.ts";
import { type Places, serverHome } from "../text/places.ts";

/** How long one file may take, milliseconds. */
const readMs = 120_000;

/** How far back the last commit is looked for, segments. */
export const mostSegments = 64;

/** A file of the archive cannot be read: the retention policy may remove it while it is looked for, or it is damaged. */
export class WalUnread extends Error {
  override name = "WalUnread";
  constructor(readonly file: string, why: string) {
    super(`WAL file ${file} ${why}`);
  }
}

/** What is in WAL files; a file is read once. One question at a time; to be bound with `await using`. */
export class WalReader implements AsyncDisposable {
  private readonly known = new Map<string, Promise<readonly Mark[]>>();
  /** the files that are copied now: two at most, by their name in the archive */
  private readonly copies = new Map<string, string>();
  private readonly directory: string;

  constructor(private readonly places: Places, private readonly segmentBytes: number) {
    this.directory = join(serverHome(places), `postdock-plan-${randomUUID()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.directory);
  }

  /**
   * The commits and restore points that begin in a file, in the order of WAL. `next`: the file after it, in which the last record
   * may end. Throws WalUnread if a file cannot be read.
   */
  marks(file: WalFile, next: WalFile | null): Promise<readonly Mark[]> {
    const known = this.known.get(file.name) ?? this.read(file, next);
    this.known.set(file.name, known);
    return known;
  }

  /**
   * The last commit in these files, which are in the order of WAL, before an LSN if one is given; null: the last ones have none.
   * `count`: in so many of them, the first ones; `most`: at most so many are read.
   */
  async lastCommit(
    files: readonly WalFile[],
    { before = null, count = files.length, most = mostSegments }: {
      before?: string | null;
      count?: number;
      most?: number;
    } = {},
  ): Promise<Mark | null> {
    const counts = (m: Mark) => m.kind === "commit" && (before === null || compareLsn(m.lsn, before) < 0);
    for (let i = count - 1; i >= Math.max(0, count - most); i--) {
      const commit = (await this.marks(files[i]!, files[i + 1] ?? null)).findLast(counts);
      if (commit !== undefined) return commit;
    }
    return null;
  }

  /** Where the last valid record of a file ends; null if it holds none. */
  async end(file: WalFile): Promise<string | null> {
    const [path = ""] = await this.copy([file]);
    return parseEnd((await waldump(["--stats", path])).stdout);
  }

  private async read(file: WalFile, next: WalFile | null): Promise<readonly Mark[]> {
    const marks: Mark[] = [];
    const paths = await this.copy(next === null ? [file] : [file, next]);
    await waldump(["--rmgr=Transaction", "--rmgr=XLOG", ...paths], (line) => {
      const mark = parseMark(line);
      if (mark !== null && segmentOf(mark.lsn, this.segmentBytes) === file.segment) marks.push(mark);
    });
    return marks;
  }

  /** Copies of files under names of the first one's timeline: pg_waldump goes from one to the next by these. */
  private async copy(files: readonly WalFile[]): Promise<string[]> {
    await ensureDirectory(this.directory, { mode: 0o700, owner: postgresAccount });
    for (const [name, path] of this.copies) {
      if (files.some((f) => f.name === name)) continue;
      await remove(path);
      this.copies.delete(name);
    }
    const paths: string[] = [];
    for (const file of files) {
      const path = join(this.directory, walName(files[0]!.timeline, file.segment, this.segmentBytes));
      const there = this.copies.get(file.name);
      if (there === undefined) await this.write(file, path);
      else if (there !== path) await move(there, path);
      this.copies.set(file.name, path);
      paths.push(path);
    }
    return paths;
  }

  private async write(file: WalFile, path: string): Promise<void> {
    const name = file.name.replace(/\.partial$/, "");
    const content = await readWal(this.places, name, file.partial).catch((error) => {
      throw new WalUnread(file.name, `cannot be read: ${errorText(error)}`);
    });
    if (content === null) throw new WalUnread(file.name, "was removed while it was read, or it is empty");
    await writeScratch(path, content, { mode: 0o600, owner: postgresAccount });
  }
}

/** pg_waldump ends with 1 at the end of WAL that is not filled to the end of its file: what it printed before counts. */
async function waldump(args: readonly string[], onLine?: (line: string) => void) {
  return await tryRun(["pg_waldump", ...args], {
    as: postgresAccount,
    timeoutMs: readMs,
    env: { LC_ALL: "C" },
    keepBytes: 64 * 1024,
    ...(onLine ? { onLine } : {}),
  });
}
