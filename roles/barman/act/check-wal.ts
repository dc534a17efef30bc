// Reads the WAL of a plan before anything is stopped for it: a file that is damaged on barman's disk would end the recovery there.
import type { WalFile } from "../../../core/postgres/wal-name.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import type { Places } from "../text/places.ts";
import { readWal } from "./wal-files.ts";

/** How long an operator waits for it, milliseconds: what is not read by then is read by the recovery only. */
const longestMs = 60_000;

/** Returns how it went, in words. Throws OperatorError with the first file that cannot be read, or is not as long as a segment. */
export async function checkWal(
  { wal, backup: { segmentBytes } }: { wal: readonly WalFile[]; backup: { segmentBytes: number } },
  places: Places,
  clock: Pick<Clock, "nowMs">,
): Promise<string> {
  const end = clock.nowMs() + longestMs;
  for (const [i, { name, partial }] of wal.entries()) {
    if (clock.nowMs() > end) return `${i} of these WAL files were read and are whole; the recovery reads the rest`;
    let why: string | null;
    try {
      const content = await readWal(places, name.replace(/\.partial$/, ""), partial);
      why = content === null
        ? "it is gone"
        : content.length === segmentBytes
        ? null
        : `it has ${content.length} bytes instead of ${segmentBytes}`;
    } catch (error) {
      why = errorText(error);
    }
    if (why === null) continue;
    throw new OperatorError({
      what: `WAL file ${name} cannot be read, and recovery needs it`,
      why,
      fix:
        "restore a moment before that file, or one after the end of a later backup: `postdock barman list` shows both; or " +
        "put a whole copy of the file there: a node may still have it in pg_wal",
      exitCode: ExitCode.refused,
    });
  }
  return "all of them were read, and are whole";
}
