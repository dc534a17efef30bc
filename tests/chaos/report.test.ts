import assert from "node:assert/strict";
import { test } from "node:test";
import { type Verdict, wordOf } from "../support/clients/check.ts";
import type { History } from "../support/clients/records.ts";
import { asJson, summary } from "./report.ts";

const verdict: Verdict = { findings: [], undecided: [], explained: [{ fault: 0, writes: 3 }] };
const history: History = {
  mode: "eventual",
  writes: [],
  reads: [],
  struck: [1_000, 9_000, 3_000].map((recoveryMs) => ({
    fault: { kind: "kill" as const, targets: ["a"], from: [], lastsMs: 1 },
    primary: "a",
    beganMs: 0,
    struckMs: 0,
    endedMs: 1,
    recoveryMs,
    gapMs: 2_000,
    finding: null,
  })),
  finals: [],
  lastSent: {},
  total: 1,
};

test("an undecided run has not passed, and a finding outweighs both", () => {
  assert.equal(wordOf(verdict), "passed");
  assert.equal(wordOf({ ...verdict, undecided: ["x"] }), "undecided");
  assert.equal(wordOf({ ...verdict, undecided: ["x"], findings: ["y"] }), "failed");
});

test("the summary has times, losses with their fault, and every finding", () => {
  const lines = summary(7, history, { ...verdict, findings: ["two primaries"] }, 4, 1.5);
  assert.ok(lines.includes("whole after 3.0 s (median), 9.0 s (longest)"));
  assert.ok(lines.includes("no write through pgpool for 2.0 s (median), 2.0 s (longest)"));
  assert.ok(lines.includes("3 acknowledged writes lost as asynchronous replication may: 3 at fault 1 (kill)"));
  assert.deepEqual(lines.slice(-2), ["FINDING two primaries", "failed"]);
});

test("leaderships that passed while nodes were held down are counted, and their waits are not pgpool's", () => {
  const leaderships = [0, 6_000, 8_000].map((afterMs, i) => ({ primary: "a", timeline: i + 1, afterMs }));
  const held = { ...history.struck[0]!, gapMs: 40_000, held: { leaderships, tails: [], quiet: [] } };
  const lines = summary(7, { ...history, struck: [...history.struck, held] }, verdict, 4, 1.5);
  assert.ok(lines.includes("no write through pgpool for 2.0 s (median), 2.0 s (longest)"));
  assert.ok(
    lines.includes(
      "1 faults held nodes down, over 2 leaderships; the first write of each came after 6.0 s (median), 8.0 s (longest)",
    ),
  );
});

test("the report for programs has the faults and the outcome", () => {
  const parsed = JSON.parse(asJson(7, history, verdict, 4, 1.5));
  assert.equal(parsed.word, "passed");
  assert.equal(parsed.struck.length, 3);
});
