import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLedger, assertRestored, beforeLongestGap, type LedgerReport, withoutTail } from "./ledger-report.ts";

const good: LedgerReport = { acknowledged: 100, missing: [], longestGapMs: 5_000, unknown: 3 };
const judge = (change: Partial<LedgerReport>) => () =>
  assertLedger("a kill", { ...good, ...change }, { atLeast: 100, gapMs: 5_000 });

test("a report that keeps the promise passes; each broken part is named", () => {
  judge({})();
  assert.throws(judge({ acknowledged: 99 }), /fewer than 100 prove nothing/);
  assert.throws(judge({ missing: [7] }), /1 missing.*acknowledged writes are lost/);
  assert.throws(judge({ longestGapMs: 5_001 }), /longer than 5 s without a write/);
});

test("a restore takes what was written after its moment, and nothing else", () => {
  const moment = { what: "a moment", to: "latest", askedMs: 200, toldMs: 250 };
  const acknowledged = new Map([[1, 100], [2, 220], [3, 260], [4, 300], [6, 400], [7, 900]]);
  const judge = (...present: number[]) => () => assertRestored(moment, acknowledged, new Set(present), 500);
  judge(1, 7)();
  judge(1, 2, 3, 7)(); // those at the moment itself may be on either side
  assert.throws(judge(2, 7), /acknowledged before the moment, and lost/);
  assert.throws(judge(1), /after the restore had begun, and lost/);
  assert.throws(judge(1, 4, 7), /written after the moment, and still there/);
});

test("only what was acknowledged just before a strike may be missing", () => {
  const report = { acknowledged: 3, missing: [1, 2, 3], longestGapMs: 0, unknown: 0 };
  const at = new Map([[1, 1_000], [2, 4_500], [3, 9_000]]);
  assert.deepEqual(withoutTail(report, at, [5_000]).missing, [1, 3]);
  assert.deepEqual(withoutTail(report, at, []).missing, [1, 2, 3]);
});

test("the longest silence begins with the last write before it", () => {
  assert.equal(beforeLongestGap(new Map([[1, 10], [2, 20], [3, 3_020], [4, 3_100]])), 20);
});
