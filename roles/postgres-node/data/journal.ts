// The journal, in the node's own directory inside the volume, that shows at any moment how far a clone has come. pg_rewind would
// replace the content of that directory. So the data is moved away from it before a rewind, and back afterwards.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { listDirectory, move, readIfThere, remove, syncDirectory, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import {
  ensureState,
  freeName,
  keptDirectory,
  moveAll,
  outgoingDirectory,
  stagingDirectory,
  stateDirectory,
} from "./own-directory.ts";
import * as tablespaces from "./tablespaces.ts";

export { keptDirectory, keptNames, stagingDirectory, stateDirectory, stateDirectoryName } from "./own-directory.ts";

const Journal = z.object({
  /**
   * copying: a clone is being received beside the old data, which is untouched;
   * moving-out, moving-in: the clone is complete; the old data is moved out, then the clone is moved in, entry by entry;
   * rewinding: pg_rewind is at work on the old data in the staging directory; after an interruption only a clone helps;
   * bootstrapping: a fresh cluster is being made, and no client has used it yet.
   */
  phase: z.enum(["copying", "moving-out", "moving-in", "rewinding", "bootstrapping"]),
  source: z.string(),
  startedAt: z.string(),
  /** the old data is kept under this name in this node's own directory, instead of being removed */
  keep: z.string().optional(),
  /** the directories of tablespaces whose content is replaced together with the data directory */
  tablespaces: z.array(z.string()).optional(),
});
export type Journal = z.infer<typeof Journal>;

const journalPath = (pgdata: string) => join(stateDirectory(pgdata), "journal.json");

/** The journal, or null if nothing was under way. A damaged journal counts as an interrupted clone. */
export async function readJournal(pgdata: string): Promise<Journal | null> {
  const text = await readIfThere(journalPath(pgdata));
  if (text === null) return null;
  try {
    return Journal.parse(JSON.parse(text));
  } catch {
    return { phase: "copying", source: "unknown", startedAt: "unknown" };
  }
}

export async function writeJournal(pgdata: string, journal: Journal): Promise<void> {
  await ensureState(pgdata);
  await writeAtomic(journalPath(pgdata), JSON.stringify(journal) + "\n", { mode: 0o600, owner: postgresAccount });
}

/** Notes that nothing is under way any more. */
export async function clearJournal(pgdata: string): Promise<void> {
  await remove(journalPath(pgdata));
  await syncDirectory(stateDirectory(pgdata));
}

/** Removes what an interrupted clone left in the staging directory, and in those of the tablespaces that its journal names. */
export async function clearStaging(pgdata: string): Promise<void> {
  const journal = await readJournal(pgdata);
  await remove(stagingDirectory(pgdata));
  await tablespaces.putAside(journal?.tablespaces ?? [], null);
}

/**
 * Carries out or finishes a journalled move. The old entries are moved out, then the staged ones in, PG_VERSION last; then the
 * old ones and the journal are removed. Every step can be repeated, so it may be interrupted anywhere and called again.
 */
export async function moveIntoPlace(pgdata: string, log: Log): Promise<void> {
  const journal = await readJournal(pgdata);
  if (journal === null) throw new Error("moveIntoPlace() needs a journal");
  const elsewhere = journal.tablespaces ?? [];
  if (journal.phase === "moving-out") {
    await tablespaces.moveOut(elsewhere);
    await moveOut(pgdata);
    await writeJournal(pgdata, { ...journal, phase: "moving-in" });
  }
  await tablespaces.moveIn(elsewhere);
  const staging = stagingDirectory(pgdata);
  const staged = await dataEntries(staging); // the other node's state, which a rewind brings along, stays behind
  for (const name of [...staged.filter((n) => n !== "PG_VERSION"), ...staged.filter((n) => n === "PG_VERSION")]) {
    await move(join(staging, name), join(pgdata, name));
  }
  await syncDirectory(pgdata);
  const old = await listDirectory(outgoingDirectory(pgdata));
  // the name is free until the old data directory has it, so that after a crash the tablespaces get the same one
  const name = journal.keep === undefined || old.length === 0 ? null : await freeName(pgdata, journal.keep);
  await tablespaces.putAside(elsewhere, name);
  if (name !== null) {
    const kept = keptDirectory(pgdata, name);
    await move(outgoingDirectory(pgdata), kept);
    log.warn("The old data are kept beside their replacement", { directory: kept, entries: old.length });
  } else if (old.length > 0) {
    log.info("Removing the old data directory; its replacement is in place", { entries: old.length });
  }
  await remove(outgoingDirectory(pgdata));
  await remove(staging);
  await clearJournal(pgdata);
}

/** Moves the data directory into the staging directory, for pg_rewind. Can be repeated, and undone by unstage(). */
export async function stage(pgdata: string): Promise<void> {
  await moveEntries(pgdata, stagingDirectory(pgdata));
}

/** Moves back what a failed or interrupted rewind left, until a clone has replaced it. */
export async function unstage(pgdata: string): Promise<void> {
  await moveEntries(stagingDirectory(pgdata), pgdata);
}

/** The entries of a data directory that are data: without this node's own state, half-written files, and the volume's. */
export async function dataEntries(directory: string): Promise<string[]> {
  return (await listDirectory(directory)).filter((name) => !name.startsWith("pgsql_tmp.") && name !== "lost+found");
}

async function moveOut(pgdata: string): Promise<void> {
  await moveEntries(pgdata, outgoingDirectory(pgdata));
}

async function moveEntries(from: string, to: string): Promise<void> {
  await moveAll(await dataEntries(from), from, to);
}
