// What barman's own cron would do, and more often: archive received WAL, finish and remove backups, run the checks.
// One thing at a time, since each call of barman costs a third of a second of one core.
import { postgresAccount, tryRun } from "../runtime/command.ts";
import { errorText } from "../runtime/errors.ts";
import { diskSpace, listDirectory, readIfThere } from "../runtime/files.ts";
import { every } from "../runtime/time.ts";
import { archiveWal, check, checkBackup, deleteBackup, listBackups, showBackup } from "./barman-cli.ts";
import type { Backup } from "./barman-output.ts";
import { lockDirectory } from "./barman-conf.ts";
import { decideRemovals, finishedBackups, waitingBackups } from "./decide-catalog.ts";
import { loginTo } from "./login.ts";
import { closeSegment, visit } from "./queries.ts";
import { metaDirectory } from "./places.ts";
import { hasWalToArchive } from "./received-wal.ts";
import type { Barman } from "./state.ts";

const tickMs = 1_000;
const checkEveryMs = 60_000;
const checkAgainMs = 10_000;
const catalogEveryMs = 60_000;
const closeEveryMs = 5_000;
/** closed segments that a backup may cost on an idle cluster before it is given up */
const maxClosesForBackup = 6;

/** What the loop remembers between its rounds. */
interface Memory {
  lastCloseMs: number;
  archiveTrouble: string | null;
  /** segments closed for each waiting backup */
  closes: Map<string, number>;
  done: Set<string>;
  /** names of the backups and the newest one's record, to notice what is done by hand */
  records: string;
}

/** Does the duties until the role stops. */
export async function doDuties(barman: Barman): Promise<void> {
  const memory: Memory = {
    lastCloseMs: -Infinity,
    archiveTrouble: null,
    closes: new Map(),
    done: new Set(),
    records: "",
  };
  await every(tickMs, () => round(barman, memory), {
    clock: barman.clock,
    signal: barman.stop,
    onError: (error) => !barman.stop.aborted && barman.log.warn("A duty failed; it is tried again", { error }),
  });
}

async function round(barman: Barman, memory: Memory): Promise<void> {
  const { state, clock } = barman;
  await archive(barman, memory);
  await noticeBackups(barman, memory);
  if (clock.nowMs() >= state.due.catalogMs) await readCatalog(barman, memory);
  await finishBackups(barman, memory);
  if (clock.nowMs() >= state.due.checkMs) await runCheck(barman, memory);
}

/** A backup that somebody takes or removes by hand is noticed by barman's own records. */
async function noticeBackups(barman: Barman, memory: Memory): Promise<void> {
  const directory = metaDirectory(barman.config);
  const names = (await listDirectory(directory)).filter((name) => name.endsWith(".info"));
  const newest = names.at(-1);
  const records = names.join() + (newest === undefined ? "" : await readIfThere(`${directory}/${newest}`));
  if (records !== memory.records) barman.state.due.catalogMs = barman.clock.nowMs();
  memory.records = records;
}

async function archive(barman: Barman, memory: Memory): Promise<void> {
  if (!(await hasWalToArchive(barman))) return;
  try {
    await archiveWal(barman.config.serverName, barman.stop);
    memory.archiveTrouble = null;
  } catch (error) {
    const why = errorText(error);
    if (why !== memory.archiveTrouble && !barman.stop.aborted) {
      barman.log.error("Received WAL could not be archived; trying again", { because: why });
    }
    memory.archiveTrouble = why;
    await barman.clock.sleep(5_000, barman.stop);
  }
}

async function runCheck(barman: Barman, memory: Memory): Promise<void> {
  const { state, clock, log, config } = barman;
  const before = state.check;
  state.due.checkMs = Infinity; // whoever asks for another look while this one runs gets it
  try {
    const failures = await check(config.serverName, barman.stop);
    state.check = { atMs: clock.nowMs(), failures, error: null };
  } catch (error) {
    state.check = { atMs: clock.nowMs(), failures: null, error: errorText(error) };
  }
  if (barman.stop.aborted) return;
  const failures = state.check.failures;
  const green = failures !== null && failures.length === 0;
  state.due.checkMs = Math.min(state.due.checkMs, clock.nowMs() + (green ? checkEveryMs : checkAgainMs));
  if (textOf(before) !== textOf(state.check)) {
    if (green) log.info("barman check passed");
    else log.warn("barman check did not pass", { failures, error: state.check.error });
  }
  if (failures?.some((f) => f.check === "wal archive") && state.receiver.streaming) {
    await closePresentSegment(barman, memory, "no WAL has been archived yet");
    state.due.checkMs = Math.min(state.due.checkMs, clock.nowMs() + 2_000);
  }
}

const textOf = (result: Barman["state"]["check"]) => JSON.stringify([result?.failures, result?.error]);

/** Reads the catalog, reports what has become of backups, and removes what is to go. */
async function readCatalog(barman: Barman, memory: Memory): Promise<void> {
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
  state.disk = await diskSpace(config.backupDir);
  reportFinished(barman, memory, known === null && memory.done.size === 0);
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
  for (const removal of decideRemovals(backups, { backupRuns: runs, givenUp })) {
    log.warn("Backup is removed", { id: removal.id, because: removal.because });
    await deleteBackup(config.serverName, removal.id, stop);
    state.due.catalogMs = barman.clock.nowMs();
  }
}

/** A base backup ends in a segment that an idle server never fills: it is closed, archived, and the backup checked. */
async function finishBackups(barman: Barman, memory: Memory): Promise<void> {
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
    state.wantBackup = `backup ${id} never got its last WAL`;
  }
}

async function closePresentSegment(barman: Barman, memory: Memory, because: string): Promise<void> {
  const { state, config, log, clock } = barman;
  if (state.primary === null || clock.nowMs() - memory.lastCloseMs < closeEveryMs) return;
  memory.lastCloseMs = clock.nowMs();
  log.info("Closing the present WAL segment", { because });
  await visit(loginTo(state.primary, config), 10_000, closeSegment);
}

/** Gives the receiver a moment to get the closed segment, and archives it. */
async function archiveUntilQuiet(barman: Barman): Promise<void> {
  const { clock, stop, config } = barman;
  const end = clock.nowMs() + 3_000;
  while (clock.nowMs() < end && !stop.aborted && !(await hasWalToArchive(barman))) await clock.sleep(100, stop);
  await archiveWal(config.serverName, stop);
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
