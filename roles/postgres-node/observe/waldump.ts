// Finds the end of valid WAL.
import { postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { parseWaldumpEnd } from "../text/controldata.ts";

/** A stretch of WAL: where to read from and to, and the first and the last file of it. */
export interface WalStretch {
  startLsn: string;
  endLsn: string;
  files: readonly [string, string];
}

/** The end of the last valid record of a stretch; null if none was read: then `stderr` says why. */
export async function readWalEnd(
  walDirectory: string,
  { startLsn, endLsn, files }: WalStretch,
  timeoutMs: number,
): Promise<{ lsn: string | null; stderr: string }> {
  const argv = ["pg_waldump", "--path", walDirectory, "--stats", "--start", startLsn, "--end", endLsn, ...files];
  const { stdout, stderr } = await tryRun(argv, { as: postgresAccount, timeoutMs, env: { LC_ALL: "C" } });
  return { lsn: parseWaldumpEnd(stdout), stderr }; // pg_waldump fails at the first invalid record, which is the end
}
