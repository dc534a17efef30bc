// Removes what an interrupted bootstrap or clone left behind, once it is certain that it is not needed.
import { join } from "node:path";
import { remove } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { clearJournal, clearStaging, dataEntries, readJournal } from "./journal.ts";

/** Removes what an interrupted clone left beside data that is still complete. The data stays. */
export async function clearLeftovers(pgdata: string, log: Log): Promise<void> {
  if (await readJournal(pgdata) === null) return;
  log.info("Removing the remains of an unfinished clone; the data directory itself is complete");
  await clearStaging(pgdata);
  await clearJournal(pgdata);
}

/** The journal says "bootstrapping" until everything but the state directory is gone. */
export async function discardBootstrap(pgdata: string, log: Log): Promise<void> {
  const entries = await dataEntries(pgdata);
  log.warn("Removing a cluster whose bootstrap never finished; no client has used it", { entries: entries.length });
  for (const name of entries) await remove(join(pgdata, name));
  await clearJournal(pgdata);
}
