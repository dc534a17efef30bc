// From when to when each timeline can be restored, in times: of the commits at both ends of its WAL.
import { segmentOf } from "../../../core/postgres/wal-name.ts";
import { timeText } from "../../../core/words/micros.ts";
import { rowOf, type Window } from "../decide/recoverable.ts";
import { chainTo } from "../decide/wal-chain.ts";
import type { Places } from "../text/places.ts";
import type { Sources } from "./archive.ts";
import { WalReader } from "./wal-reader.ts";

/** Reading WAL takes a while, and old timelines are rarely wanted: the times of the newest ones are read. */
const mostTimed = 8;

export interface TimedWindow extends Window {
  /** when the backup ended, or the last commit before the timeline began; null: not known */
  fromTime: string | null;
  /** the last commit that can be restored; null: not known, or the last files of WAL hold none */
  toTime: string | null;
}

/** The windows with their times; those of older timelines stay without. */
export async function timeWindows(
  windows: readonly Window[],
  sources: Sources,
  places: Places,
): Promise<TimedWindow[]> {
  await using reader = new WalReader(places, sources.archive.segmentBytes);
  const timed: TimedWindow[] = [];
  for (const [i, window] of windows.entries()) {
    timed.push({ ...window, ...(i < windows.length - mostTimed ? unknown : await timesOf(window, sources, reader)) });
  }
  return timed;
}

const unknown = { fromTime: null, toTime: null };

async function timesOf(window: Window, { archive, backups }: Sources, reader: WalReader) {
  const chain = chainTo(window.timeline, archive);
  const backup = backups.find((b) => b.id === window.backup);
  const row = chain === null || backup === undefined ? null : rowOf(backup, chain);
  if (row === null || backup === undefined) return unknown;
  const text = (micros: bigint | null | undefined) => micros === null || micros === undefined ? null : timeText(micros);
  const last = await reader.lastCommit(row);
  if (window.fromLsn === backup.endLsn) return { fromTime: text(backup.endMicros), toTime: text(last?.atMicros) };
  // where a timeline begins, its first file also holds what came before
  const until = segmentOf(window.fromLsn, archive.segmentBytes);
  const before = row.filter((f) => f.segment <= until);
  const first = await reader.lastCommit(before, window.fromLsn);
  return { fromTime: text(first?.atMicros ?? backup.endMicros), toTime: text(last?.atMicros) };
}
