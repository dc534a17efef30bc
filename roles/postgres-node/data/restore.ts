// Restores this node's data from a backup of barman: copied beside the old data, then put in their place by a journalled move.
// The old data are kept, and can be put back. No server may run here.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { exists, move, readIfThere, remove, syncDirectory, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";
import { readControlData } from "../observe/control-data.ts";
import { fetchBackup, type FetchBackupDeps } from "./fetch-backup.ts";
import * as journal from "./journal.ts";

/** In the data directory itself, so that it is there exactly when the restored data are. */
const markerName = "postdock_restore.json";
const Marker = z.object({ id: z.string() });
const secret = { mode: 0o600, owner: postgresAccount };

/** The id of the restore that has put the data of this directory there; null: none has, or it is over. */
export async function restoredBy(pgdata: string): Promise<string | null> {
  const text = await readIfThere(join(pgdata, markerName));
  if (text === null) return null;
  return Marker.parse(JSON.parse(text)).id;
}

/**
 * Copies the backup and puts it in the place of the data here, which are kept under the id of the restore. Can be interrupted
 * at any moment and called again.
 */
export async function restoreBackup(
  pgdata: string,
  { id, backup, hosts, systemIdentifier }: RestoreOrder,
  deps: FetchBackupDeps,
): Promise<void> {
  const { clock, log } = deps;
  const startedAt = new Date(clock.wallMs()).toISOString();
  const source = `backup ${backup}`;
  if ((await journal.readJournal(pgdata))?.phase === "rewinding") await journal.unstage(pgdata);
  await journal.writeJournal(pgdata, { phase: "copying", source, startedAt });
  const staging = journal.stagingDirectory(pgdata);
  await fetchBackup({ hosts, id: backup }, staging, deps);
  const restored = (await readControlData(staging)).systemIdentifier;
  if (restored !== systemIdentifier) {
    throw new OperatorError({
      what: `Backup ${backup} is of another cluster`,
      why: `its system identifier is ${restored}, that of this cluster ${systemIdentifier}`,
      fix: "end the restore: postdock barman restore abort",
      exitCode: ExitCode.unavailable,
    });
  }
  for (const name of ["standby.signal", "recovery.signal", "postmaster.pid"]) await remove(join(staging, name));
  await writeAtomic(join(staging, markerName), JSON.stringify({ id }) + "\n", secret);
  await journal.writeJournal(pgdata, { phase: "moving-out", source, startedAt, keep: id });
  await journal.moveIntoPlace(pgdata, log);
}

/** Puts back what restoreBackup() has replaced, or ends a copy that has not replaced anything. */
export async function undoRestore(pgdata: string, id: string, { clock, log }: Pick<FetchBackupDeps, "clock" | "log">) {
  const kept = journal.keptDirectory(pgdata, id);
  if (!(await exists(kept)) && await restoredBy(pgdata) !== id) {
    log.info("The copy of the backup is removed; the data here were not touched", { restore: id });
    await journal.clearStaging(pgdata);
    return await journal.clearJournal(pgdata);
  }
  if (await exists(kept)) {
    await journal.clearStaging(pgdata);
    await move(kept, journal.stagingDirectory(pgdata));
  }
  const startedAt = new Date(clock.wallMs()).toISOString();
  log.warn("Putting back the data from before the restore; what was restored is removed", { restore: id });
  await journal.writeJournal(pgdata, { phase: "moving-out", source: "the data from before the restore", startedAt });
  await journal.moveIntoPlace(pgdata, log);
}

/** Removes the data that earlier restores have replaced. Returns the ids of those restores. */
export async function forgetReplaced(pgdata: string, log: Log): Promise<string[]> {
  const names = await journal.keptNames(pgdata);
  for (const name of names) {
    log.warn("Removing the data from before a restore, as ordered", { restore: name });
    await remove(journal.keptDirectory(pgdata, name));
  }
  return names;
}

/** The restore is over: from now on the data are like any other. */
export async function endRestore(pgdata: string): Promise<void> {
  await remove(join(pgdata, markerName));
  await syncDirectory(pgdata);
}
