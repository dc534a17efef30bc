import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLedger, type LedgerReport } from "./ledger-report.ts";

const good: LedgerReport = { acknowledged: 100, missing: [], longestGapMs: 5_000, unknown: 3 };
const judge = (change: Partial<LedgerReport>) => () =>
  assertLedger("a kill", { ...good, ...change }, { atLeast: 100, gapMs: 5_000 });

test("a report that keeps the promise passes; each broken part is named", () => {
  judge({})();
  assert.throws(judge({ acknowledged: 99 }), /fewer than 100 prove nothing/);
  assert.throws(judge({ missing: [7] }), /1 missing.*acknowledged writes are lost/);
  assert.throws(judge({ longestGapMs: 5_001 }), /longer than 5 s without a write/);
});
