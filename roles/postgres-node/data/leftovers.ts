// Removes what an interrupted bootstrap or clone left behind, once it is certain that it is not needed.
import { join } from "node:path";
import { isTemporary, listDirectory, remove } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { isNodeSlot } from "../text/repmgr-conf.ts";
import { clearContent, linkedLocations } from "./tablespaces.ts";
import { clearJournal, clearStaging, dataEntries, readJournal } from "./journal.ts";

/**
 * Removes what an interrupted clone left beside data that is still complete, and files that were being written when the
 * container was killed: PostgreSQL may not be able to read those, and then no other node can be rewound to this one.
 */
export async function clearLeftovers(pgdata: string, log: Log): Promise<void> {
  for (const name of (await listDirectory(pgdata)).filter(isTemporary)) {
    log.info("Removing a file that was never completed", { file: name });
    await remove(join(pgdata, name));
  }
  if (await readJournal(pgdata) === null) return;
  log.info("Removing the remains of an unfinished clone; the data directory itself is complete");
  await clearStaging(pgdata);
  await clearJournal(pgdata);
}

/** The journal says "bootstrapping" until everything but the state directory is gone. */
export async function discardBootstrap(pgdata: string, log: Log): Promise<void> {
  const entries = await dataEntries(pgdata);
  // initdb makes none, but a script may have; the links to them go last, with everything else
  const tablespaces = await linkedLocations(pgdata);
  log.warn("Removing a cluster whose bootstrap never finished; no client has used it", {
    entries: entries.length,
    tablespaces,
  });
  await clearContent(tablespaces);
  for (const name of entries) await remove(join(pgdata, name));
  await clearJournal(pgdata);
}

/**
 * Before the start of a primary that knows of no majority, removes the slots of other nodes. Its volume may be an older copy: a
 * standby with a slot there would stream what the copy writes. Where no majority has joined, standbys make their slots again.
 */
export async function forgetStandbys(pgdata: string, log: Log): Promise<void> {
  const directory = join(pgdata, "pg_replslot");
  for (const slot of (await listDirectory(directory)).filter(isNodeSlot)) {
    log.info("Removing the slot of a standby, which makes it again if it follows this node", { slot });
    await remove(join(directory, slot));
  }
}
