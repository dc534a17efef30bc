// Restores this node's data from a backup of barman: copied beside the old data, then put in their place by a journalled move.
// The old data are kept, and can be put back. No server may run here.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { exists, move, readIfThere, remove, syncDirectory, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";
import { restoreNeeds } from "../../../core/postgres/room.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import { readControlData } from "../observe/control-data.ts";
import { fetchBackup, type FetchBackupDeps } from "./fetch-backup.ts";
import * as journal from "./journal.ts";
import { ensurePlace, lacking, misplaced } from "./volumes.ts";
import { forgetKept, linkedLocations, linkTablespaces, takeBack } from "./tablespaces.ts";

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

/** Why a backup has no place on the volumes of this node beside the old data, which are kept; null: it has. */
export async function noPlaceFor(
  { bytes, tablespaces }: Pick<RestoreOrder, "bytes" | "tablespaces">,
  pgdata: string,
): Promise<string | null> {
  const why = await misplaced(pgdata, tablespaces);
  if (why !== null) return why;
  const elsewhere = tablespaces.map((t) => ({ path: t.location, bytes: t.bytes * 1.1 }));
  const here = bytes === null ? 0 : restoreNeeds(bytes - tablespaces.reduce((sum, t) => sum + t.bytes, 0));
  const lack = await lacking([{ path: pgdata, bytes: here }, ...elsewhere]);
  return lack && `the volume at ${lack.path} has ${sizeText(lack.freeBytes)} free, and ${sizeText(lack.bytes)} is ` +
      "needed, since the old data are kept: make it larger, type postdock barman restore clean if old data of an " +
      "earlier restore are there, or restore another node";
}

/**
 * Copies the backup and puts it in the place of the data here, which are kept under the id of the restore. Can be interrupted
 * at any moment and called again.
 */
export async function restoreBackup(
  pgdata: string,
  { id, backup, hosts, ssh, systemIdentifier, tablespaces }: RestoreOrder,
  deps: FetchBackupDeps,
): Promise<void> {
  const { clock, log } = deps;
  const startedAt = new Date(clock.wallMs()).toISOString();
  const source = `backup ${backup}`;
  if ((await journal.readJournal(pgdata))?.phase === "rewinding") await journal.unstage(pgdata);
  // also those that only the old data have: recovery would take what is there for its own
  const replaced = [...new Set([...tablespaces.map((t) => t.location), ...await linkedLocations(pgdata)])];
  await journal.writeJournal(pgdata, { phase: "copying", source, startedAt, tablespaces: replaced });
  const staging = journal.stagingDirectory(pgdata);
  const received = new Map(tablespaces.map((t) => [t.oid, journal.stagingDirectory(t.location)]));
  for (const { location } of tablespaces) await ensurePlace(location);
  await fetchBackup({ hosts, id: backup, ssh }, { directory: staging, tablespaces: received }, deps);
  await linkTablespaces(staging, tablespaces);
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
  await journal.writeJournal(pgdata, { phase: "moving-out", source, startedAt, keep: id, tablespaces: replaced });
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
  const staging = journal.stagingDirectory(pgdata);
  if (await exists(kept)) {
    await journal.clearStaging(pgdata);
    await move(kept, staging);
  }
  const tablespaces = await linkedLocations(pgdata, staging);
  await takeBack(tablespaces, id);
  const startedAt = new Date(clock.wallMs()).toISOString();
  log.warn("Putting back the data from before the restore; what was restored is removed", { restore: id });
  const source = "the data from before the restore";
  await journal.writeJournal(pgdata, { phase: "moving-out", source, startedAt, tablespaces });
  await journal.moveIntoPlace(pgdata, log);
}

/** Removes the data that earlier restores have replaced. Returns the ids of those restores. */
export async function forgetReplaced(pgdata: string, because: string, log: Log): Promise<string[]> {
  const names = await journal.keptNames(pgdata);
  for (const name of names) {
    log.warn("Removing the data from before a restore", { restore: name, because });
    const kept = journal.keptDirectory(pgdata, name);
    await forgetKept(await linkedLocations(pgdata, kept));
    await remove(kept);
  }
  return names;
}

/** The restore is over: from now on the data are like any other. */
export async function endRestore(pgdata: string): Promise<void> {
  await remove(join(pgdata, markerName));
  await syncDirectory(pgdata);
}
