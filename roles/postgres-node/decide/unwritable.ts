// PURE: a data directory in which a file could not be written: whether the node ends, or goes on, since the volume is only full.
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";

/** The disk is full, or a quota is used up: a node goes on voting, and makes room for its server (retry.ts). */
const full: readonly (string | undefined)[] = ["ENOSPC", "EDQUOT"];

/** What ends the node; null: nothing does, the volume is full. `there`: the directory exists. */
export function unwritable(pgdata: string, error: unknown, there: boolean): OperatorError | null {
  const { code } = error as { code?: string };
  if (full.includes(code) && there) return null;
  const isFull = full.includes(code);
  return new OperatorError({
    what: `The data directory ${pgdata} cannot be written to`,
    why: isFull ? `the volume is full (${code})` : errorText(error),
    fix: isFull
      ? "make room on the volume, or give the node a larger one or a greater quota"
      : "mount a writable volume at PGDATA, and give its files to uid 999",
    exitCode: ExitCode.config,
    cause: error,
  });
}
