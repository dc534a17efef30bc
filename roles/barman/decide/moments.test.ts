// The first and the last moment that can be restored, also over a gap.
import assert from "node:assert/strict";
import { test } from "node:test";
import { segmentBytes, walName } from "../../../core/postgres/wal-name.ts";
import { momentsOf, windowsFromNewest } from "./moments.ts";
import { recoverable } from "./recoverable.ts";

const seconds = (n: number) => BigInt(n) * 1_000_000n;
const backup = (id: string, segment: number, endSeconds: number) => ({
  id,
  timeline: 1,
  beginSegment: BigInt(segment),
  endLsn: `0/${segment.toString(16)}000100`,
  endMicros: seconds(endSeconds),
});
const archiveOf = (...segments: number[]) => ({
  segmentBytes,
  files: segments.map((n) => ({
    name: walName(1, BigInt(n), segmentBytes),
    timeline: 1,
    segment: BigInt(n),
    partial: false,
  })),
  histories: new Map(),
});

test("the first moment is the end of the oldest backup, the last one the last commit of the present timeline", () => {
  const backups = [backup("a", 2, 100), backup("b", 4, 200)];
  const windows = recoverable(backups, archiveOf(2, 3, 4, 5));
  assert.deepEqual(windowsFromNewest(windows, backups, archiveOf(2, 3, 4, 5)), []);
  const timed = windows.map((w) => ({ ...w, toTime: "1970-01-01 00:05:00.250000+00" }));
  assert.deepEqual(momentsOf(timed, backups, 1), { firstMs: 100_000, lastMs: 300_250, gaps: 0 });
});

test("over a gap the last moment is reached from the newest backup, and the gap is counted once", () => {
  const backups = [backup("a", 2, 100), backup("b", 6, 200)];
  const archive = archiveOf(2, 3, 6, 7);
  const windows = recoverable(backups, archive);
  const more = windowsFromNewest(windows, backups, archive);
  assert.deepEqual(more.map((w) => w.backup), ["b"]);
  const timed = [
    ...windows.map((w) => ({ ...w, toTime: "1970-01-01 00:02:00.000000+00" })),
    ...more.map((w) => ({ ...w, toTime: "1970-01-01 00:05:00.000000+00" })),
  ];
  assert.deepEqual(momentsOf(timed, backups, 1), { firstMs: 100_000, lastMs: 300_000, gaps: 1 });
});

test("what is not known is null: no backup, no time in a record, no commit in WAL, another timeline", () => {
  assert.deepEqual(momentsOf([], [], 1), { firstMs: null, lastMs: null, gaps: 0 });
  const backups = [{ ...backup("a", 2, 100), endMicros: null }];
  const windows = recoverable(backups, archiveOf(2, 3));
  const timed = windows.map((w) => ({ ...w, toTime: null }));
  assert.deepEqual(momentsOf(timed, backups, 1), { firstMs: null, lastMs: null, gaps: 0 });
  const known = windows.map((w) => ({ ...w, toTime: "1970-01-01 00:05:00.000000+00" }));
  assert.equal(momentsOf(known, backups, 2).lastMs, null);
});
