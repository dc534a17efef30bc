// PURE: the backups of one barman on a line of time.
import type { BarmanStatus } from "../../core/protocol/status.ts";
import { isMoment } from "./words.ts";

/** A moment on the line. */
export interface Mark {
  kind: "backup" | "drill" | "next" | "now";
  /** from the left, percent */
  at: number;
  wallMs: number;
}

export interface TimeLine {
  /** what can be restored, percent from the left */
  window: { from: number; to: number };
  marks: readonly Mark[];
  /** the first moment that can be restored; wall clock, milliseconds */
  fromMs: number;
  /** whether everything up to now can be */
  untilNow: boolean;
}

/** A backup that is due later than this share of the line is left out of it. */
const mostAhead = 0.3;

/** Null: nothing is known of the backups, or there is none. */
export function timeLine({ catalog, nextBackupMs, verified, receiving }: BarmanStatus, nowMs: number): TimeLine | null {
  if (catalog === null) return null;
  const ends = catalog.flatMap((b) => b.endMs === null || !isMoment(b.endMs) ? [] : [b.endMs]);
  if (ends.length === 0) return null;
  const fromMs = Math.min(...ends);
  const past = Math.max(60_000, nowMs - fromMs);
  const next = nextBackupMs !== null && nextBackupMs > nowMs && nextBackupMs - nowMs < past * mostAhead
    ? nextBackupMs
    : null;
  const first = nowMs - past * 1.02;
  const last = (next ?? nowMs) + past * 0.02;
  const at = (wallMs: number) => Math.round(1000 * (wallMs - first) / (last - first)) / 10;
  const drilled = catalog.find((b) => b.id === verified?.backup)?.endMs ?? null;
  const newest = Math.max(...ends);
  return {
    window: { from: at(fromMs), to: at(receiving ? nowMs : newest) },
    marks: [
      ...ends.map((wallMs) => ({ kind: "backup" as const, at: at(wallMs), wallMs })),
      ...drilled === null ? [] : [{ kind: "drill" as const, at: at(drilled), wallMs: drilled }],
      ...next === null ? [] : [{ kind: "next" as const, at: at(next), wallMs: next }],
      { kind: "now", at: at(nowMs), wallMs: nowMs },
    ],
    fromMs,
    untilNow: receiving,
  };
}
