// PURE: a data directory that cannot be used: whether the node ends, or goes on, since the volume is only full.
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { foreignOwner } from "../../../core/words/foreign-owner.ts";

/** The disk is full, or a quota is used up: a node goes on voting, and makes room for its server (retry.ts). */
const full: readonly (string | undefined)[] = ["ENOSPC", "EDQUOT"];
const refused: readonly (string | undefined)[] = ["EACCES", "EPERM"];

/** What ends the node; null: nothing does, the volume is full. `owner`: of the directory, null: it is not there. */
export function unwritable(
  { pgdata, owner, uid }: { pgdata: string; owner: number | null; uid: number },
  error: unknown,
): OperatorError | null {
  const { code } = error as { code?: string };
  if (full.includes(code) && owner !== null) return null;
  if (refused.includes(code) && owner !== null && owner !== uid) return notOurs({ pgdata, path: pgdata, owner, uid });
  const isFull = full.includes(code);
  return new OperatorError({
    what: `The data directory ${pgdata} cannot be written to`,
    why: isFull ? `the volume is full (${code})` : errorText(error),
    fix: isFull
      ? "make room on the volume, or give the node a larger one or a greater quota"
      : `mount a writable volume at PGDATA, and give its files to uid ${uid}`,
    exitCode: ExitCode.config,
    cause: error,
  });
}

/** PostgreSQL starts only as the owner of its data directory. `path`: PGDATA, or what is in it. */
export function notOurs(seen: { pgdata: string; path: string; owner: number; uid: number }): OperatorError {
  const orElse =
    `if there are no data on it yet, and the user may write on it, set PGDATA to a directory in it that is made ` +
    `at the start: ${seen.pgdata}/pgdata`;
  return new OperatorError({ ...foreignOwner({ ...seen, orElse }), exitCode: ExitCode.config });
}
