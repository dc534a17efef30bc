// Reads commits and restore points from WAL files of the archive. Each file is copied to a directory of its own, read by
// pg_waldump, and removed.
import { join } from "node:path";
import { postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { ensureDirectory, remove, writeAtomic } from "../../../core/runtime/files.ts";
import type { WalFile } from "../../../core/postgres/wal-name.ts";
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

  constructor(private readonly places: Places) {}

  /** The commits and restore points of a file, in the order of WAL. Throws if the archive does not have the file any more. */
  marks(file: WalFile): Promise<readonly Mark[]> {
    const known = this.known.get(file.name) ?? this.read(file);
    this.known.set(file.name, known);
    return known;
  }

  /** The last commit in these files, which are in the order of WAL; null if the last ones hold none. */
  async lastCommit(files: readonly WalFile[]): Promise<Mark | null> {
    for (const file of files.toReversed().slice(0, mostSegments)) {
      const commit = (await this.marks(file)).findLast((m) => m.kind === "commit");
      if (commit !== undefined) return commit;
    }
    return null;
  }

  /** Where the last valid record of a file ends; null if it holds none. */
  async end(file: WalFile): Promise<string | null> {
    return await this.withCopy(file, async (path) => {
      return parseEnd((await waldump(["--stats", path])).stdout);
    });
  }

  private async read(file: WalFile): Promise<readonly Mark[]> {
    const marks: Mark[] = [];
    await this.withCopy(file, async (path) => {
      await waldump(["--rmgr=Transaction", "--rmgr=XLOG", path], (line) => {
        const mark = parseMark(line);
        if (mark !== null) marks.push(mark);
      });
    });
    return marks;
  }

  private async withCopy<T>(file: WalFile, use: (path: string) => Promise<T>): Promise<T> {
    const name = file.name.replace(/\.partial$/, "");
    const directory = join(serverHome(this.places), `postdock-plan-${process.pid}-${file.name}`);
    await ensureDirectory(directory, { mode: 0o700, owner: postgresAccount });
    try {
      const content = await readWal(this.places, name, file.partial);
      if (content === null) throw new Error(`the archive no longer has ${file.name}`);
      await writeAtomic(join(directory, name), content, { mode: 0o600, owner: postgresAccount });
      return await use(join(directory, name));
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
