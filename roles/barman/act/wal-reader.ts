// Reads commits and restore points from WAL files of the archive. Each file is copied to a directory of its own, read by
// pg_waldump, and removed.
import { join } from "node:path";
import { postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { ensureDirectory, remove, writeAtomic } from "../../../core/runtime/files.ts";
import { segmentOf, type WalFile, walName } from "../../../core/postgres/wal-name.ts";
import { readWal } from "./wal-files.ts";
import { type Mark, parseEnd, parseMark } from "../text/waldump.ts";
import { type Places, serverHome } from "../text/places.ts";

const program = "/usr/lib/postgresql/17/bin/pg_waldump";
/** How long one file may take, milliseconds. */
const readMs = 120_000;

/** How far back the last commit is looked for, segments. */
const mostSegments = 64;

/** What is in WAL files; a file is read once. */
export class WalReader {
  private readonly known = new Map<string, Promise<readonly Mark[]>>();

  constructor(private readonly places: Places, private readonly segmentBytes: number) {}

  /**
   * The commits and restore points that begin in a file, in the order of WAL. `next`: the file after it, in which the last record
   * may end. Throws if the archive does not have a file any more.
   */
  marks(file: WalFile, next: WalFile | null): Promise<readonly Mark[]> {
    const known = this.known.get(file.name) ?? this.read(file, next);
    this.known.set(file.name, known);
    return known;
  }

  /** The last commit in these files, which are in the order of WAL; null if the last ones hold none. */
  async lastCommit(files: readonly WalFile[]): Promise<Mark | null> {
    for (let i = files.length - 1; i >= Math.max(0, files.length - mostSegments); i--) {
      const commit = (await this.marks(files[i]!, files[i + 1] ?? null)).findLast((m) => m.kind === "commit");
      if (commit !== undefined) return commit;
    }
    return null;
  }

  /** Where the last valid record of a file ends; null if it holds none. */
  async end(file: WalFile): Promise<string | null> {
    return await this.withCopies([file], async ([path = ""]) => parseEnd((await waldump(["--stats", path])).stdout));
  }

  private async read(file: WalFile, next: WalFile | null): Promise<readonly Mark[]> {
    const marks: Mark[] = [];
    await this.withCopies(next === null ? [file] : [file, next], async (paths) => {
      await waldump(["--rmgr=Transaction", "--rmgr=XLOG", ...paths], (line) => {
        const mark = parseMark(line);
        if (mark !== null && segmentOf(mark.lsn, this.segmentBytes) === file.segment) marks.push(mark);
      });
    });
    return marks;
  }

  /** Copies files under names of the first one's timeline: pg_waldump goes from one to the next by these. */
  private async withCopies<T>(files: readonly WalFile[], use: (paths: string[]) => Promise<T>): Promise<T> {
    const { timeline } = files[0]!;
    const directory = join(serverHome(this.places), `postdock-plan-${process.pid}-${files[0]!.name}`);
    await ensureDirectory(directory, { mode: 0o700, owner: postgresAccount });
    try {
      const paths: string[] = [];
      for (const file of files) {
        const content = await readWal(this.places, file.name.replace(/\.partial$/, ""), file.partial);
        if (content === null) throw new Error(`the archive no longer has ${file.name}`);
        const path = join(directory, walName(timeline, file.segment, this.segmentBytes));
        await writeAtomic(path, content, { mode: 0o600, owner: postgresAccount });
        paths.push(path);
      }
      return await use(paths);
    } finally {
      await remove(directory);
    }
  }
}

/** pg_waldump ends with 1 at the end of WAL that is not filled to the end of its file: what it printed before counts. */
async function waldump(args: readonly string[], onLine?: (line: string) => void) {
  return await tryRun([program, ...args], {
    as: postgresAccount,
    timeoutMs: readMs,
    env: { LC_ALL: "C" },
    keepBytes: 64 * 1024,
    ...(onLine ? { onLine } : {}),
  });
}
