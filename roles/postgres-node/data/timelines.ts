// The number of the next timeline. At a promotion PostgreSQL takes the first number without a history file, probing one after
// the other from its own timeline upwards (findNewestTimeLine in timeline.c of PostgreSQL 17). So files without content hold
// the places of the numbers in between, which belong to leaderships that this node did not follow. They name no parent: no
// server takes them for a timeline that it could follow, but one that starts with nothing above them would wait for ever.
import { join } from "node:path";
import { mostSkipped } from "../../../core/lease/decide/epoch.ts";
import { parseHistory } from "../../../core/postgres/lsn.ts";
import { historyName } from "../../../core/postgres/wal-name.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { exists, listDirectory, readIfThere, remove, syncDirectory, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";

const walDirectory = (pgdata: string) => join(pgdata, "pg_wal");
const placeHolder = "# a place-holder of PostDock: this node did not follow a leadership of this number\n";

/** The highest timeline that has a history file here; 1 if none has. */
export async function newestHistory(pgdata: string): Promise<number> {
  return Math.max(1, ...await histories(pgdata));
}

/**
 * Makes `wanted` the number that the server on timeline `own` takes at its promotion. Throws if a history file of that number
 * is here already. The server has to run: one that starts with place-holders takes them for its own past.
 */
export async function makeNext(pgdata: string, own: number, wanted: number): Promise<void> {
  const path = (timeline: number) => join(walDirectory(pgdata), historyName(timeline));
  if (wanted - own > mostSkipped) {
    throw new Error(`timeline ${wanted} is ${wanted - own} above this node's own, which is more than ${mostSkipped}`);
  }
  if (await exists(path(wanted))) throw new Error(`timeline ${wanted} has a history file already`);
  for (let timeline = own + 1; timeline < wanted; timeline++) {
    if (await exists(path(timeline))) continue;
    await writeAtomic(path(timeline), placeHolder, { mode: 0o600, owner: postgresAccount });
  }
}

/** Before a start: removes the place-holders above the newest timeline that has a history. */
export async function clearPlaceHolders(pgdata: string, log: Log): Promise<void> {
  const removed: string[] = [];
  for (const timeline of (await histories(pgdata)).toReversed()) {
    const name = historyName(timeline);
    const text = await readIfThere(join(walDirectory(pgdata), name));
    if (text !== null && parseHistory(text).length > 0) break;
    await remove(join(walDirectory(pgdata), name));
    removed.push(name);
  }
  if (removed.length === 0) return;
  await syncDirectory(walDirectory(pgdata));
  log.info("Place-holders of timelines removed", { files: removed, because: "no timeline above them is known here" });
}

/** Timelines with a history file, ascending. */
async function histories(pgdata: string): Promise<number[]> {
  const names = await listDirectory(walDirectory(pgdata));
  return names.flatMap((name) => /^[0-9A-F]{8}\.history$/.test(name) ? [parseInt(name.slice(0, 8), 16)] : []);
}
