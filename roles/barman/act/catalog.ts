// The catalog of backups: read, reported, finished with their last WAL, and cleared of what is to go.
import { postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { listDirectory, readIfThere } from "../../../core/runtime/files.ts";
import { wantBackup } from "./backup.ts";
import { checkBackup, deleteBackup, listBackups, showBackup } from "../tools/barman-cli.ts";
import { lockDirectory } from "../text/barman-conf.ts";
import type { Backup } from "../text/barman-output.ts";
import { decideRemovals, finishedBackups, waitingBackups } from "../decide/catalog.ts";
import { metaDirectory } from "../text/places.ts";
import { archiveUntilQuiet, closeEveryMs, closePresentSegment } from "./segments.ts";
import type { Barman } from "../state.ts";

/** what is done by hand is noticed at once; retention and lost records are looked for now and then */
const catalogEveryMs = 300_000;
/** closed segments that a backup may cost on an idle cluster before it is given up */
const maxClosesForBackup = 6;

/** What is remembered between two rounds. */
export interface Memory {
  lastCloseMs: number;
  archiveTrouble: string | null;
  /** segments closed for each waiting backup */
  closes: Map<string, number>;
  done: Set<string>;
  read: boolean;
  /** names of the backups and the newest one's record, to notice what is done by hand */
  records: string;
}

/** Nothing remembered yet. */
export const newMemory = (): Memory => ({
  lastCloseMs: -Infinity,
  archiveTrouble: null,
  closes: new Map(),
  done: new Set(),
  read: false,
  records: "",
});

/** A backup that somebody takes or removes by hand is noticed by barman's own records. */
export async function noticeBackups(barman: Barman, memory: Memory): Promise<void> {
  const directory = metaDirectory(barman.config);
  const names = (await listDirectory(directory)).filter((name) => name.endsWith(".info"));
  const newest = names.at(-1);
  const records = names.join() + (newest === undefined ? "" : await readIfThere(`${directory}/${newest}`));
  if (records !== memory.records) barman.state.due.catalogMs = barman.clock.nowMs();
  memory.records = records;
}

/** Reads the catalog, reports what has become of backups, and removes what is to go. */
export async function readCatalog(barman: Barman, memory: Memory): Promise<void> {
  const { state, clock, config, stop } = barman;
  state.due.catalogMs = clock.nowMs() + catalogEveryMs;
  const backups = await listBackups(config.serverName, stop);
  const newest = finishedBackups(backups).at(-1);
  const known = state.catalog?.newest ?? null;
  state.catalog = {
    atMs: clock.nowMs(),
    backups,
    newest: newest === undefined
      ? null
      : known?.id === newest.id
      ? known
      : await showBackup(config.serverName, newest.id, stop),
  };
  const first = !memory.read;
  memory.read = true;
  reportFinished(barman, memory, first);
  if (first && newest === undefined) {
    barman.log.warn("There is no base backup yet: before the first one the cluster cannot be restored", {
      fix: "wait for the time of BACKUP_SCHEDULE, or take one now: `postdock barman backup` in this container",
    });
  }
  await removeBackups(backups, barman, memory);
}

function reportFinished(barman: Barman, memory: Memory, first: boolean): void {
  for (const backup of finishedBackups(barman.state.catalog?.backups ?? [])) {
    if (!memory.done.has(backup.id) && (!first || memory.closes.has(backup.id))) {
      barman.log.info("Base backup is complete with its WAL", { id: backup.id, sizeBytes: backup.sizeBytes });
    }
    memory.done.add(backup.id);
  }
}

async function removeBackups(backups: readonly Backup[], barman: Barman, memory: Memory): Promise<void> {
  const { config, log, state, stop } = barman;
  const givenUp = [...memory.closes].filter(([, closes]) => closes >= maxClosesForBackup).map(([id]) => id);
  const halfway = backups.some((b) => b.status === "STARTED" || b.status === "EMPTY");
  const runs = halfway ? await backupRuns(barman) : null;
  // a backup that ended between the list and the look at the lock is still called begun there; one that began since is not in it
  const now = runs === false ? await listBackups(config.serverName, stop) : backups;
  const known = now.filter((b) => backups.some((before) => before.id === b.id));
  for (const removal of decideRemovals(known, { backupRuns: runs, givenUp })) {
    log.warn("Backup is removed", { id: removal.id, because: removal.because });
    await deleteBackup(config.serverName, removal.id, stop);
    state.due.catalogMs = barman.clock.nowMs();
  }
}

/** A base backup ends in a segment that an idle server never fills: it is closed, archived, and the backup checked. */
export async function finishBackups(barman: Barman, memory: Memory): Promise<void> {
  const { state, config, clock, log, stop } = barman;
  const waiting = waitingBackups(state.catalog?.backups ?? []);
  for (const id of waiting) {
    const closes = memory.closes.get(id) ?? 0;
    if (closes >= maxClosesForBackup || !state.receiver.streaming) continue;
    if (clock.nowMs() - memory.lastCloseMs < closeEveryMs && closes > 0) continue;
    await closePresentSegment(barman, memory, `base backup ${id} waits for its last WAL`);
    memory.closes.set(id, closes + 1);
    await archiveUntilQuiet(barman);
    await checkBackup(config.serverName, id, stop);
    state.due.catalogMs = clock.nowMs();
    if (closes + 1 < maxClosesForBackup) continue;
    log.error("Base backup does not get its last WAL; another one is taken", {
      id,
      because: "the primary changed while it was taken, or the receiver lost WAL",
    });
    await wantBackup(`backup ${id} never got its last WAL`, barman);
  }
}

/** Whether a base backup is under way, by barman's own lock; null where that cannot be told. */
async function backupRuns(barman: Barman): Promise<boolean | null> {
  const lock = `${lockDirectory}/.${barman.config.serverName}-backup.lock`;
  const result = await tryRun(["flock", "--nonblock", lock, "true"], {
    as: postgresAccount,
    timeoutMs: 5_000,
    signal: barman.stop,
  });
  return result.code === 0 ? false : result.code === 1 ? true : null;
}
