// The number of the next timeline. At a promotion PostgreSQL takes the first number without a history file, probing one after
// the other from its own timeline upwards (findNewestTimeLine in timeline.c of PostgreSQL 17). So files without content hold
// the places of the numbers in between, which belong to leaderships that this node did not follow. They name no parent: no
// server takes them for a timeline that it could follow, but one that starts with nothing above them would wait for ever.
import { join } from "node:path";
import { beyondForks } from "../decide/beyond-forks.ts";
import { mostSkipped } from "../../../core/lease/decide/epoch.ts";
import { isAncestor, parseHistory, type TimelineFork, type WalPosition } from "../../../core/postgres/lsn.ts";
import { historyName } from "../../../core/postgres/wal-name.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { exists, listDirectory, readIfThere, remove, syncDirectory, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";

const walDirectory = (pgdata: string) => join(pgdata, "pg_wal");
const historyPath = (pgdata: string, timeline: number) => join(walDirectory(pgdata), historyName(timeline));
const placeHolder = "# a place-holder of PostDock: this node did not follow a leadership of this number\n";

/** What the history file of a timeline says; nothing if there is none, or a place-holder. */
export async function readHistory(pgdata: string, timeline: number): Promise<TimelineFork[]> {
  return parseHistory(await readIfThere(historyPath(pgdata, timeline)) ?? "");
}

/** The highest timeline that has a history file here; 1 if none has. */
export async function newestHistory(pgdata: string): Promise<number> {
  return Math.max(1, ...await histories(pgdata));
}

/** The newest timeline of which there is WAL here and a history; null: there is only that of the first timeline. */
export async function newestWal(pgdata: string): Promise<{ timeline: number; history: TimelineFork[] } | null> {
  const names = (await listDirectory(walDirectory(pgdata))).filter((name) => /^[0-9A-F]{24}$/.test(name));
  const timelines = new Set(names.map((name) => parseInt(name.slice(0, 8), 16)));
  for (const timeline of [...timelines].toSorted((a, b) => b - a)) {
    const history = await readHistory(pgdata, timeline);
    if (history.length > 0) return { timeline, history };
  }
  return null;
}

/**
 * Makes `wanted` the number that the server on timeline `own` takes at its promotion. Throws if a history file of that number
 * is here already. The server has to run: one that starts with place-holders takes them for its own past.
 */
export async function makeNext(pgdata: string, own: number, wanted: number): Promise<void> {
  if (wanted - own > mostSkipped) {
    throw new Error(`timeline ${wanted} is ${wanted - own} above this node's own, which is more than ${mostSkipped}`);
  }
  if (await exists(historyPath(pgdata, wanted))) throw new Error(`timeline ${wanted} has a history file already`);
  await hold(own + 1, wanted, pgdata);
}

/**
 * In a clone, holds the places below its own timeline. A base backup brings the history of that timeline and no other, but a
 * standby on an older one asks the primary that it follows for each number in between.
 */
export async function holdOlder(pgdata: string): Promise<void> {
  await hold(2, await newestHistory(pgdata), pgdata);
}

async function hold(from: number, end: number, pgdata: string): Promise<void> {
  for (let timeline = from; timeline < end; timeline++) {
    const path = historyPath(pgdata, timeline);
    if (!(await exists(path))) await writeAtomic(path, placeHolder, { mode: 0o600, owner: postgresAccount });
  }
}

/**
 * Before a start: removes what PostgreSQL would take for the newest timeline although it can never follow it. These are
 * place-holders with nothing above them, and files of timelines that left the past of `own` before its end: a WAL receiver asks
 * for one history file after the other, and may have been cut off among them. It asks again. `own`: how far the WAL here reaches
 * at least; null: not known.
 */
export async function clearHistories(pgdata: string, own: WalPosition | null, log: Log): Promise<void> {
  const removed: string[] = [];
  for (const timeline of (await histories(pgdata)).toReversed()) {
    if (own !== null && timeline <= own.timeline) break;
    const history = await readHistory(pgdata, timeline);
    if (history.length > 0 && (own === null || isAncestor(own, { timeline, history }))) break;
    const name = historyName(timeline);
    await remove(join(walDirectory(pgdata), name));
    removed.push(name);
  }
  if (removed.length === 0) return;
  await syncDirectory(walDirectory(pgdata));
  log.info("History files of timelines removed", {
    files: removed,
    because: "they are of no timeline that the data here can follow, and a start would look for one",
  });
}

/** After a rewind: removes WAL that the history of the newest timeline here has left. */
export async function removeBeyondForks(pgdata: string, segmentBytes: number, log: Log): Promise<void> {
  const newest = await newestWal(pgdata);
  if (newest === null) return;
  const files = beyondForks(await listDirectory(walDirectory(pgdata)), newest.history, segmentBytes);
  for (const name of files) await remove(join(walDirectory(pgdata), name));
  if (files.length === 0) return;
  await syncDirectory(walDirectory(pgdata));
  const because = "timeline " + newest.timeline + " left it, and a start must not read it";
  log.info("WAL that the history has left was removed", { files, because });
}

/** Timelines with a history file, ascending. */
async function histories(pgdata: string): Promise<number[]> {
  const names = await listDirectory(walDirectory(pgdata));
  return names.flatMap((name) => /^[0-9A-F]{8}\.history$/.test(name) ? [parseInt(name.slice(0, 8), 16)] : []);
}
