// The catalog of backups: it is read and reported, backups are finished with their last WAL, and old or failed ones removed.
import { postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { exists, listDirectory, readIfThere } from "../../../core/runtime/files.ts";
import { wantBackup } from "./backup.ts";
import { clearCombined } from "./combine.ts";
import { checkBackup, deleteBackup, listBackups, showBackup } from "../tools/barman-cli.ts";
import { lockDirectory } from "../text/barman-conf.ts";
import type { Backup } from "../text/barman-output.ts";
import { decideRemovals, finishedBackups, waitingBackups } from "../decide/catalog.ts";
import { withoutUses } from "../decide/uses.ts";
import { backupDirectory, metaDirectory, oldKeepPath } from "../text/places.ts";
import { findRecord, listRecorded, readRecord } from "./records.ts";
import { archiveUntilQuiet, closeEveryMs, closePresentSegment } from "./segments.ts";
import { TablespaceWatch } from "./new-tablespaces.ts";
import { readUses, UseWatch } from "./uses.ts";
import type { Barman } from "../state.ts";

/** Changes by hand are noticed at once; this is for retention and lost records, milliseconds. */
const catalogEveryMs = 300_000;
/** How many closed segments a backup may cost on an idle cluster before it is given up. */
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
  uses: UseWatch;
  tablespaces: TablespaceWatch;
}

/** Nothing remembered yet. */
export const newMemory = (barman: Barman): Memory => ({
  lastCloseMs: -Infinity,
  archiveTrouble: null,
  closes: new Map(),
  done: new Set(),
  read: false,
  records: "",
  uses: new UseWatch(barman),
  tablespaces: new TablespaceWatch(barman),
});

/** Notices by barman's own records that a backup was taken, removed or exempted by hand. */
export async function noticeBackups(barman: Barman, memory: Memory): Promise<void> {
  const { config } = barman;
  const names = await listDirectory(metaDirectory(config));
  const ids = await listRecorded(config);
  const newest = ids.at(-1);
  const kept = [
    ...names.filter((name) => name.endsWith("-keep")).map((name) => `${metaDirectory(config)}/${name}`),
    ...ids.map((id) => oldKeepPath(config, id)),
  ];
  const texts = await Promise.all([
    newest === undefined ? null : readRecord(config, newest),
    ...kept.map(readIfThere),
  ]);
  const records = [...names, ...ids, ...texts].join();
  if (records !== memory.records) barman.state.due.catalogMs = barman.clock.nowMs();
  memory.records = records;
}

/** Reads the catalog, reports finished backups, and removes those that are old, failed or cut off. */
export async function readCatalog(barman: Barman, memory: Memory): Promise<void> {
  const { state, clock, config, stop } = barman;
  const atMs = clock.nowMs(); // a backup that is taken meanwhile may be missing
  state.due.catalogMs = atMs + catalogEveryMs;
  const usesBefore = await readUses(config);
  const backups = await listBackups(config.serverName, stop);
  const uses = [...usesBefore, ...await readUses(config)];
  const newest = finishedBackups(backups).at(-1);
  const known = state.catalog?.newest ?? null;
  state.catalog = {
    atMs,
    backups,
    unused: withoutUses(backups, uses),
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
    barman.log.warn("There is no base backup yet: the cluster cannot be restored before the first one", {
      fix: config.onStart
        ? "none: one is taken as soon as WAL is received (BACKUP_ON_START)"
        : "wait for BACKUP_SCHEDULE, or type `postdock barman backup` in this container to take one now",
    });
  }
  await removeBackups(backups, barman, memory);
  await clearCombined(barman);
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
  // a backup may have ended between the list and the look at the lock: list again, without backups that began since
  const now = runs === false ? await listBackups(config.serverName, stop) : backups;
  const known = now.filter((b) => backups.some((before) => before.id === b.id));
  for (const removal of decideRemovals(known, { backupRuns: runs, givenUp, restoreRuns: memory.uses.any })) {
    log.warn("Backup is removed", { id: removal.id, because: removal.because });
    await removeBackup(removal.id, barman);
    state.cloud?.removed.add(removal.id);
    state.due.catalogMs = barman.clock.nowMs();
  }
}

/** barman removes an incremental backup that was cut off, and fails after that, since its parent does not know of it. */
async function removeBackup(id: string, { config, stop }: Barman): Promise<void> {
  try {
    await deleteBackup(config.serverName, id, stop);
  } catch (error) {
    if (await findRecord(config, id) !== null || await exists(backupDirectory(config, id))) throw error;
  }
}

/** A base backup ends in a segment that an idle server never fills. Closes and archives it, and checks the backup. */
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
    const because = "the primary changed while it was taken, or the receiver lost WAL";
    state.backup.failed = { atMs: clock.wallMs(), because: `${id} never got its last WAL: ${because}` };
    log.error("Base backup did not get its last WAL; another one is taken", { id, because });
    await wantBackup(`backup ${id} never got its last WAL`, barman);
  }
}

/** Whether a base backup is under way, by barman's own lock; null if that is not known. */
async function backupRuns(barman: Barman): Promise<boolean | null> {
  const lock = `${lockDirectory}/.${barman.config.serverName}-backup.lock`;
  const result = await tryRun(["flock", "--nonblock", lock, "true"], {
    as: postgresAccount,
    timeoutMs: 5_000,
    signal: barman.stop,
  });
  return result.code === 0 ? false : result.code === 1 ? true : null;
}
