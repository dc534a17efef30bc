import assert from "node:assert/strict";
import { test } from "node:test";
import { type FailedStart, whyCrashRecovery } from "./crash-recovery.ts";

const killed: FailedStart = {
  control: { minRecoveryEnd: { timeline: 84, lsn: "0/3000060" } },
  granted: [80, 84],
  restoring: false,
};

test("a node that led and ended before its first checkpoint completes its crash recovery", () => {
  assert.match(whyCrashRecovery(killed) ?? "", /led on timeline 84/);
});

test("no other data are a reason for it: WAL on the timeline of another node would be nobody's", () => {
  const others: Partial<FailedStart>[] = [
    { control: { minRecoveryEnd: null } },
    { granted: [80] },
    { granted: null },
    { restoring: true },
  ];
  for (const other of others) assert.equal(whyCrashRecovery({ ...killed, ...other }), null, JSON.stringify(other));
});
