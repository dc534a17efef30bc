// The node's own directory inside the volume, and the journal that shows at any moment how far a clone has come.
// pg_basebackup skips names that begin with pgsql_tmp, so nothing in it reaches a clone. pg_rewind skips none, and would
// replace the content by the other node's. So the data is moved away from it before a rewind, and back afterwards.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import {
  ensureDirectory,
  exists,
  listDirectory,
  move,
  readIfThere,
  remove,
  syncDirectory,
  writeAtomic,
} from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";

export const stateDirectoryName = "pgsql_tmp.postdock";

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
});
export type Journal = z.infer<typeof Journal>;

export const stateDirectory = (pgdata: string) => join(pgdata, stateDirectoryName);
/** where a clone is received, and where pg_rewind works */
export const stagingDirectory = (pgdata: string) => join(stateDirectory(pgdata), "incoming");
/** pg_rewind and pg_basebackup of other nodes skip names that begin like this */
const keptPrefix = "pgsql_tmp.before-";
/** where the data from before a replacement are kept, named by what has replaced them */
export const keptDirectory = (pgdata: string, name: string) => join(stateDirectory(pgdata), keptPrefix + name);
/** What has been kept under a name stays: another replacement gets a name with a number. */
async function freeKeptDirectory(pgdata: string, name: string): Promise<string> {
  for (let number = 1;; number++) {
    const path = keptDirectory(pgdata, number === 1 ? name : `${name}-${number}`);
    if (!(await exists(path))) return path;
  }
}

/** The names under which old data are kept. */
export async function keptNames(pgdata: string): Promise<string[]> {
  const names = await listDirectory(stateDirectory(pgdata));
  return names.filter((n) => n.startsWith(keptPrefix)).map((n) => n.slice(keptPrefix.length));
}
const outgoingDirectory = (pgdata: string) => join(stateDirectory(pgdata), "outgoing");
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
  await ensureDirectory(stateDirectory(pgdata), { mode: 0o700, owner: postgresAccount });
  await writeAtomic(journalPath(pgdata), JSON.stringify(journal) + "\n", { mode: 0o600, owner: postgresAccount });
}

/** Notes that nothing is under way any more. */
export async function clearJournal(pgdata: string): Promise<void> {
  await remove(journalPath(pgdata));
  await syncDirectory(stateDirectory(pgdata));
}

/** Removes what an interrupted clone left in the staging directory. */
export async function clearStaging(pgdata: string): Promise<void> {
  await remove(stagingDirectory(pgdata));
}

/**
 * Carries out or finishes a journalled move. The old entries are moved out, then the staged ones in, PG_VERSION last; then the
 * old ones and the journal are removed. Every step can be repeated, so it may be interrupted anywhere and called again.
 */
export async function moveIntoPlace(pgdata: string, log: Log): Promise<void> {
  const journal = await readJournal(pgdata);
  if (journal === null) throw new Error("moveIntoPlace() needs a journal");
  if (journal.phase === "moving-out") {
    await moveOut(pgdata);
    await writeJournal(pgdata, { ...journal, phase: "moving-in" });
  }
  const staging = stagingDirectory(pgdata);
  const staged = await dataEntries(staging); // the other node's state, which a rewind brings along, stays behind
  for (const name of [...staged.filter((n) => n !== "PG_VERSION"), ...staged.filter((n) => n === "PG_VERSION")]) {
    await move(join(staging, name), join(pgdata, name));
  }
  await syncDirectory(pgdata);
  const old = await listDirectory(outgoingDirectory(pgdata));
  if (journal.keep !== undefined && old.length > 0) {
    const kept = await freeKeptDirectory(pgdata, journal.keep);
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
  await ensureDirectory(to, { mode: 0o700, owner: postgresAccount });
  for (const name of await dataEntries(from)) await move(join(from, name), join(to, name));
  await syncDirectory(to);
}
