// From when to when each timeline can be restored, in times: of the commits at both ends of its WAL.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, writeAtomic } from "../../../core/runtime/files.ts";
import { inParallel } from "../../../core/runtime/parallel.ts";
import { segmentOf } from "../../../core/postgres/wal-name.ts";
import { timeText } from "../../../core/words/micros.ts";
import { lastOf, type Window } from "../decide/recoverable.ts";
import { chainTo, placed, rowFrom } from "../decide/wal-chain.ts";
import { KnownTimes } from "../text/known-times.ts";
import { type Places, windowTimesPath } from "../text/places.ts";
import type { Sources } from "./archive.ts";
import { mostSegments, WalReader, WalUnread } from "./wal-reader.ts";

/** Reading WAL takes a while, and old timelines are rarely wanted: the times of the newest ones are read. */
const mostTimed = 8;
/** How many timelines are read at the same time. */
const atOnce = 4;
/** The file that is being received, and the one before it: its last record may end in the other one, which has not all of it yet. */
const growingFiles = 2;

export interface TimedWindow extends Window {
  /** when the backup ended, or the last commit before the timeline began; null: not known */
  fromTime: string | null;
  /** the last commit that can be restored; null: not known, or the last files of WAL hold none */
  toTime: string | null;
}

/**
 * The windows with their times; those of older timelines stay without, and those of which WAL cannot be read, which
 * `gone` says. What was read of WAL that cannot change is kept in a file: it is read once.
 */
export async function timeWindows(
  windows: readonly Window[],
  sources: Sources,
  places: Places,
  open = () => new WalReader(places, sources.archive.segmentBytes),
): Promise<{ timed: TimedWindow[]; gone: boolean }> {
  const known = new KnownTimes(await readIfThere(windowTimesPath(places)));
  const timed = windows.map((window): TimedWindow => ({ ...window, fromTime: null, toTime: null }));
  const located = placed(sources.archive.files);
  let gone = false;
  await inParallel(atOnce, timed.slice(-mostTimed), async (window) => {
    try {
      Object.assign(window, await timesOf(window, { sources, located, open, known }));
    } catch (error) {
      if (!(error instanceof WalUnread)) throw error;
      gone = true;
    }
  });
  const text = known.changed();
  if (text !== null) await writeAtomic(windowTimesPath(places), text, { mode: 0o600, owner: postgresAccount });
  return { timed, gone };
}

async function timesOf(
  window: Window,
  { sources: { archive, backups, received }, located, open, known }: {
    sources: Sources;
    located: ReturnType<typeof placed>;
    open: () => WalReader;
    known: KnownTimes;
  },
): Promise<Pick<TimedWindow, "fromTime" | "toTime"> | null> {
  const chain = chainTo(window.timeline, archive, located);
  const backup = backups.find((b) => b.id === window.backup);
  if (chain === null || backup === undefined || lastOf(backup, chain) === null) return null;
  const row = rowFrom(backup.beginSegment, chain);
  await using reader = open();
  const text = (micros: bigint | null | undefined) => micros === null || micros === undefined ? null : timeText(micros);
  const growing = received.some((f) => f.name === window.lastWal);
  const count = row.length - (growing ? growingFiles : 0);
  let toTime = growing ? text((await reader.lastCommit(row, { most: growingFiles }))?.atMicros) : null;
  for (let i = count - 1; toTime === null && i >= Math.max(0, count - mostSegments); i--) {
    const inFile = async () => text((await reader.lastCommit(row, { count: i + 1, most: 1 }))?.atMicros);
    toTime = await known.get(`in ${row[i]!.name}`, inFile);
  }
  if (window.fromLsn === backup.endLsn) return { fromTime: text(backup.endMicros), toTime };
  // where a timeline begins, its first file also holds what came before
  const until = segmentOf(window.fromLsn, archive.segmentBytes);
  const before = row.filter((f) => f.segment <= until);
  const first = async () =>
    text((await reader.lastCommit(before, { before: window.fromLsn }))?.atMicros ?? backup.endMicros);
  return { fromTime: await known.get(`from ${window.timeline} ${window.fromLsn} ${backup.id}`, first), toTime };
}
