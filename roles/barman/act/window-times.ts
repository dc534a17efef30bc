// From when to when each timeline can be restored, in times: of the commits at both ends of its WAL.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, writeAtomic } from "../../../core/runtime/files.ts";
import { inParallel } from "../../../core/runtime/parallel.ts";
import { segmentOf } from "../../../core/postgres/wal-name.ts";
import { timeText } from "../../../core/words/micros.ts";
import { rowOf, type Window } from "../decide/recoverable.ts";
import { chainTo } from "../decide/wal-chain.ts";
import { KnownTimes } from "../text/known-times.ts";
import { type Places, windowTimesPath } from "../text/places.ts";
import type { Sources } from "./archive.ts";
import { WalGone, WalReader } from "./wal-reader.ts";

/** Reading WAL takes a while, and old timelines are rarely wanted: the times of the newest ones are read. */
const mostTimed = 8;
/** How many timelines are read at the same time. */
const atOnce = 4;

export interface TimedWindow extends Window {
  /** when the backup ended, or the last commit before the timeline began; null: not known */
  fromTime: string | null;
  /** the last commit that can be restored; null: not known, or the last files of WAL hold none */
  toTime: string | null;
}

/**
 * The windows with their times; those of older timelines stay without, and those of which WAL was removed meanwhile, which
 * `gone` says. What was read of WAL that cannot change is kept in a file: it is read once.
 */
export async function timeWindows(
  windows: readonly Window[],
  sources: Sources,
  places: Places,
): Promise<{ timed: TimedWindow[]; gone: boolean }> {
  const known = new KnownTimes(await readIfThere(windowTimesPath(places)));
  const timed = windows.map((window): TimedWindow => ({ ...window, fromTime: null, toTime: null }));
  let gone = false;
  await inParallel(atOnce, timed.slice(-mostTimed), async (window) => {
    try {
      Object.assign(window, await timesOf(window, { sources, places, known }));
    } catch (error) {
      if (!(error instanceof WalGone)) throw error;
      gone = true;
    }
  });
  const text = known.changed();
  if (text !== null) await writeAtomic(windowTimesPath(places), text, { mode: 0o600, owner: postgresAccount });
  return { timed, gone };
}

async function timesOf(
  window: Window,
  { sources: { archive, backups, received }, places, known }: { sources: Sources; places: Places; known: KnownTimes },
): Promise<Pick<TimedWindow, "fromTime" | "toTime"> | null> {
  const chain = chainTo(window.timeline, archive);
  const backup = backups.find((b) => b.id === window.backup);
  const row = chain === null || backup === undefined ? null : rowOf(backup, chain);
  if (row === null || backup === undefined) return null;
  await using reader = new WalReader(places, archive.segmentBytes);
  const text = (micros: bigint | null | undefined) => micros === null || micros === undefined ? null : timeText(micros);
  const last = async () => text((await reader.lastCommit(row))?.atMicros);
  const growing = received.some((f) => f.name === window.lastWal);
  const toTime = growing ? await last() : await known.get(`to ${window.lastWal}`, last);
  if (window.fromLsn === backup.endLsn) return { fromTime: text(backup.endMicros), toTime };
  // where a timeline begins, its first file also holds what came before
  const until = segmentOf(window.fromLsn, archive.segmentBytes);
  const before = row.filter((f) => f.segment <= until);
  const first = async () => text((await reader.lastCommit(before, window.fromLsn))?.atMicros ?? backup.endMicros);
  return { fromTime: await known.get(`from ${window.timeline} ${window.fromLsn} ${backup.id}`, first), toTime };
}
