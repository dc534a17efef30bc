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
