// Which backup, timeline and WAL restore a moment; and what is refused, with the nearest moment that can be restored.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHistory } from "../../../core/postgres/lsn.ts";
import { parseWalName, segmentBytes, walName } from "../../../core/postgres/wal-name.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import { endedEarly, planFor, presentTimeline, startsOf, type Stop } from "./restore-plan.ts";
import { chainTo } from "./wal-chain.ts";

const wal = (timeline: number, segment: number) => walName(timeline, BigInt(segment), segmentBytes);
const partial = (timeline: number, segment: number) => `${wal(timeline, segment)}.partial`;
const fileOf = (name: string) => parseWalName(name, segmentBytes)!;

function archiveOf(names: readonly string[], histories: Record<number, string> = {}) {
  const read = Object.entries(histories).map(([t, text]) => [Number(t), parseHistory(text)] as const);
  return { segmentBytes, files: names.map(fileOf), histories: new Map(read) };
}

const backup = (id: string, changes: Partial<BackupRecord> = {}): BackupRecord => ({
  id,
  timeline: 1,
  beginSegment: 7n,
  endLsn: "0/8000000",
  endMicros: 1_000n,
  segmentBytes,
  sizeBytes: 1,
  from: null,
  beginLsn: "0/7000028",
  parent: null,
  compression: null,
  summarized: false,
  tablespaces: [],
  ...changes,
});
const early = backup("early");
const late = backup("late", { beginSegment: 9n, endLsn: "0/9000200", endMicros: 2_000n });

/** Timeline 3 left timeline 1 in segment 10; timeline 2 was left alone. */
const archive = archiveOf(
  [wal(1, 7), wal(1, 8), wal(1, 9), partial(1, 10), partial(2, 9), wal(3, 10), partial(3, 11)],
  { 2: "1\t0/9000100\tx\n", 3: "1\t0/A000100\tx\n" },
);
const chain = chainTo(3, archive)!;
const starts = startsOf([late, early, backup("branch", { timeline: 2 })], chain);
const record = (lsn: string): Stop => ({ at: "record", lsn, included: false, mark: null });

function planned(stop: Stop, notAfter: bigint | null = null) {
  const result = planFor(stop, starts, chain, archive, notAfter);
  assert.ok("plan" in result);
  return [result.plan.backup.id, result.plan.timeline, result.plan.wal.map((f) => f.name)];
}
function refused(stop: Stop, notAfter: bigint | null = null, among = archive) {
  const to = chainTo(3, among)!;
  const result = planFor(stop, startsOf([early, late], to), to, among, notAfter);
  assert.ok("refused" in result);
  return `${result.refused.because}. Fix: ${result.refused.fix}`;
}

test("the timeline is that of the WAL which is being received, not the highest number", () => {
  assert.equal(presentTimeline([partial(3, 11), partial(2, 9)].map(fileOf), archive), 3);
  assert.equal(presentTimeline([partial(3, 11), partial(4, 11)].map(fileOf), archive), 4);
  assert.equal(presentTimeline([], archive), 3);
  assert.equal(presentTimeline([], archiveOf([])), null);
});

test("the newest backup that ended before the moment is used, with WAL up to it and no further", () => {
  assert.deepEqual(starts.map((b) => b.id), ["early", "late"], "a backup of a branch that was left does not count");
  assert.deepEqual(planned({ at: "end" }), ["late", 3, [wal(1, 9), wal(3, 10), partial(3, 11)]]);
  assert.deepEqual(planned(record("0/9000200")), ["late", 3, [wal(1, 9), wal(3, 10)]]);
  assert.deepEqual(planned(record("0/90001FF")), ["early", 3, [wal(1, 7), wal(1, 8), wal(1, 9), wal(3, 10)]]);
  assert.deepEqual(planned({ at: "backup" }), ["late", 3, [wal(1, 9)]]);
  assert.deepEqual(planned({ at: "backup" }, 1_999n), ["early", 3, [wal(1, 7)]]);
});

test("before the first backup, beyond all WAL, and over a gap nothing is restored", () => {
  assert.match(
    refused(record("0/7FFFFFF")),
    /before the end of the first backup.*early.*--backup early --to immediate/,
  );
  assert.match(refused({ at: "backup" }, 999n), /before the end of the first backup/);
  assert.match(refused(record("0/C000000")), /beyond all WAL that was received, which ends in \w+\.partial/);
  const torn = archiveOf([wal(1, 7), wal(1, 8), wal(1, 9), partial(3, 11)], { 3: "1\t0/A000100\tx\n" });
  assert.match(refused({ at: "end" }, null, torn), new RegExp(`WAL from ${wal(3, 10)} on is missing`));
  assert.match(refused(record("0/B000000"), null, torn), /is missing.*give a moment before that/);
});

test("a recovery to the end that did not reach the last commit has ended early", () => {
  const last = { kind: "commit" as const, lsn: "0/9000100", xid: 7, atMicros: 0n, name: "" };
  assert.equal(endedEarly({ at: "end", last }, "0/9000128"), null);
  assert.match(
    endedEarly({ at: "end", last }, "0/9000100")!,
    /^it replayed WAL up to 0\/9000100, .* of 1970-01-01 00:00/,
  );
  assert.equal(endedEarly({ at: "end", last: null }, "0/7000000"), null);
  assert.equal(endedEarly({ at: "backup" }, "0/7000000"), null);
});
