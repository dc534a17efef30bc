// PURE: what a ledger found at its end, and whether that keeps the promise.
import assert from "node:assert/strict";

export interface LedgerReport {
  acknowledged: number;
  /** acknowledged, but not in the table at the end */
  missing: number[];
  /** longest time between two acknowledged writes, milliseconds */
  longestGapMs: number;
  /** attempts that ended in an error or in silence: their outcome is unknown */
  unknown: number;
}

/** The report as one line of a test's output. */
export function describeReport(what: string, report: LedgerReport): string {
  return `${what}: ${report.acknowledged} writes acknowledged, ${report.missing.length} missing, ` +
    `longest gap ${(report.longestGapMs / 1000).toFixed(1)} s, ${report.unknown} of unknown outcome`;
}

/** What a report has to show to keep the promise. */
export interface LedgerPromise {
  /** fewer acknowledged writes would prove nothing */
  atLeast: number;
  /** longest time without an acknowledged write, milliseconds */
  gapMs: number;
}

/** Prints the report, and throws if an acknowledged write is missing or another part of the promise is not kept. */
export function assertLedger(what: string, report: LedgerReport, { atLeast, gapMs }: LedgerPromise): void {
  const line = describeReport(what, report);
  console.log(line);
  assert.ok(report.acknowledged >= atLeast, `${line}: fewer than ${atLeast} prove nothing`);
  assert.deepEqual(report.missing, [], `${line}: acknowledged writes are lost`);
  assert.ok(report.longestGapMs <= gapMs, `${line}: longer than ${gapMs / 1000} s without a write`);
}

/** In eventual mode a standby has each write after this at the latest, milliseconds. */
const tailMs = 1_000;

/**
 * In eventual mode what a primary acknowledged just before it was struck, at `struckMs` of the ledger's clock, may be gone: on a
 * busy machine its WAL sender comes late. Nothing else may.
 */
export function withoutTail(
  report: LedgerReport,
  acknowledgedAt: ReadonlyMap<number, number>,
  struckMs: readonly number[],
): LedgerReport {
  const isTail = (id: number) => struckMs.some((ms) => Math.abs(acknowledgedAt.get(id)! - ms) < tailMs);
  return { ...report, missing: report.missing.filter((id) => !isTail(id)) };
}

/** The longest silence between two acknowledged writes, milliseconds; null if there are not two. */
export function longestGap(acknowledgedAt: ReadonlyMap<number, number>): { fromMs: number; toMs: number } | null {
  const times = [...acknowledgedAt.values()];
  const gaps = times.slice(1).map((toMs, i) => ({ fromMs: times[i]!, toMs }));
  return gaps.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs))[0] ?? null;
}

/** When the last write before the longest silence was acknowledged: about then the primary was struck. Milliseconds. */
export const beforeLongestGap = (acknowledgedAt: ReadonlyMap<number, number>): number =>
  longestGap(acknowledgedAt)!.fromMs;

/** A moment of the ledger's cluster, and when the ledger's clock said so, milliseconds. */
export interface Moment {
  what: string;
  /** as `restore --to` takes it */
  to: string;
  /** every write acknowledged before is from before the moment */
  askedMs: number;
  /** every write sent afterwards is from after it */
  toldMs: number;
}

/**
 * Throws unless exactly that is missing which a restore takes: what was written after the moment, and acknowledged before
 * `downMs`. `acknowledged`: when, by number, in the order of the writes, each sent after the one before was answered.
 */
export function assertRestored(
  { what, askedMs, toldMs }: Moment,
  acknowledged: ReadonlyMap<number, number>,
  present: ReadonlySet<number>,
  downMs: number,
): void {
  const writes = [...acknowledged].map(([id, atMs]) => ({ id, atMs }));
  const wrong = (which: typeof writes) => which.map((w) => w.id);
  const before = writes.filter((w) => w.atMs < askedMs && !present.has(w.id));
  assert.deepEqual(wrong(before), [], `${what}: acknowledged before the moment, and lost`);
  const after = writes.filter((w) => w.atMs > downMs && !present.has(w.id));
  assert.deepEqual(wrong(after), [], `${what}: acknowledged after the restore had begun, and lost`);
  // the first one may have been under way at the moment
  const between = writes.filter((w) => w.atMs > toldMs && w.atMs <= downMs).slice(1).filter((w) => present.has(w.id));
  assert.deepEqual(wrong(between), [], `${what}: written after the moment, and still there`);
}
