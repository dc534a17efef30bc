// What barman's own cron would do, but more often: archive received WAL, finish and remove backups, run the checks.
// One duty at a time, since each call of barman takes a third of a second of one core.
import { errorText } from "../../../core/words/errors.ts";
import { diskSpace, exists, move, readPiece } from "../../../core/runtime/files.ts";
import { every } from "../../../core/runtime/time.ts";
import { lacksArchive } from "../decide/backups.ts";
import { barmanLogPath } from "../text/barman-conf.ts";
import { archiveWal, check } from "../tools/barman-cli.ts";
import { tellBackedUp } from "./backed-up.ts";
import { finishBackups, type Memory, newMemory, noticeBackups, readCatalog } from "./catalog.ts";
import { hasWalToArchive } from "./received-wal.ts";
import { closePresentSegment } from "./segments.ts";
import type { Barman } from "../state.ts";

const tickMs = 1_000;
const checkEveryMs = 60_000;
const checkAgainMs = 10_000;

/** Does the duties until the role stops. */
export async function doDuties(barman: Barman): Promise<void> {
  const memory = newMemory(barman);
  await every(tickMs, () => round(barman, memory), {
    clock: barman.clock,
    signal: barman.stop,
    onError: (error) => !barman.stop.aborted && barman.log.warn("A duty failed; it is tried again", { error }),
  });
}

async function round(barman: Barman, memory: Memory): Promise<void> {
  const { state, clock } = barman;
  state.disk = { ...await diskSpace(barman.config.backupDir), atMs: clock.nowMs() };
  await archive(barman, memory);
  await memory.uses.look();
  await noticeBackups(barman, memory);
  if (clock.nowMs() >= state.due.catalogMs) await readCatalog(barman, memory);
  await finishBackups(barman, memory);
  await tellBackedUp(barman);
  await memory.tablespaces.look();
  if (clock.nowMs() >= state.due.checkMs) await runCheck(barman, memory);
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

/** barman never shortens its log, which may lie in memory: /run can be a tmpfs. The one before is kept; bytes. */
const logBytes = 4 * 1024 * 1024;

async function shortenLog(): Promise<void> {
  if (!(await exists(barmanLogPath))) return;
  if ((await readPiece(barmanLogPath, 0, 0)).totalBytes > logBytes) await move(barmanLogPath, `${barmanLogPath}.1`);
}

async function runCheck(barman: Barman, memory: Memory): Promise<void> {
  await shortenLog();
  const { state, clock, log, config } = barman;
  const before = state.check;
  state.due.checkMs = Infinity; // a request for another check during this one is not lost
  try {
    const failures = await check(config.serverName, barman.stop);
    state.check = { atMs: clock.nowMs(), failures, error: null };
  } catch (error) {
    // what could not be seen is as old as what was seen last
    state.check = { atMs: before?.atMs ?? state.startedMs, failures: null, error: errorText(error) };
  }
  if (barman.stop.aborted) return;
  const failures = state.check.failures;
  const green = failures !== null && failures.length === 0;
  state.due.checkMs = Math.min(state.due.checkMs, clock.nowMs() + (green ? checkEveryMs : checkAgainMs));
  if (textOf(before) !== textOf(state.check)) {
    if (green) log.info("barman check passed");
    else log.warn("barman check did not pass", { failures, error: state.check.error });
  }
  if (lacksArchive(state.check) && state.receiver.streaming) {
    await closePresentSegment(barman, memory, "no WAL has been archived yet");
    state.due.checkMs = Math.min(state.due.checkMs, clock.nowMs() + 2_000);
  }
}

const textOf = (result: Barman["state"]["check"]) => JSON.stringify([result?.failures, result?.error]);
