// Which moments can be restored: over forks, over gaps, and to the last byte received.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHistory } from "../../../core/postgres/lsn.ts";
import { parseWalName, segmentBytes, walName } from "../../../core/postgres/wal-name.ts";
import { type BackupPlace, recoverable } from "./recoverable.ts";
import { chainTo, unbrokenSince } from "./wal-chain.ts";

const backup = (changes: Partial<BackupPlace> = {}): BackupPlace => ({
  id: "20261127T183846",
  timeline: 1,
  beginSegment: 7n,
  endLsn: "0/8000000",
  endMicros: 1n,
  ...changes,
});

const archive = (names: readonly string[], histories: Record<number, string> = {}) => ({
  segmentBytes,
  files: names.map((name) => parseWalName(name, segmentBytes)!),
  histories: new Map(Object.entries(histories).map(([t, text]) => [Number(t), parseHistory(text)])),
});
const wal = (timeline: number, segment: number) => walName(timeline, BigInt(segment), segmentBytes);
const partial = (timeline: number, segment: number) => `${wal(timeline, segment)}.partial`;

test("one timeline can be restored from the end of the backup to the WAL that is being received", () => {
  assert.deepEqual(recoverable([backup()], archive([wal(1, 7), wal(1, 8), partial(1, 9)])), [
    { timeline: 1, backup: "20261127T183846", fromLsn: "0/8000000", lastWal: partial(1, 9), missing: null },
  ]);
});

test("over failovers within one segment, each timeline is reached, and begins where it was forked", () => {
  const names = [wal(1, 7), wal(1, 8), partial(1, 9), partial(2, 9), wal(3, 9), partial(3, 10)];
  const histories = { 2: "1\t0/9000100\tx\n", 3: "1\t0/9000100\tx\n2\t0/9000200\tx\n" };
  const found = recoverable([backup()], archive(names, histories));
  assert.deepEqual(found.map((w) => [w.timeline, w.fromLsn, w.lastWal]), [
    [1, "0/8000000", partial(1, 9)],
    [2, "0/9000100", partial(2, 9)],
    [3, "0/9000200", partial(3, 10)],
  ]);
});

test("a gap ends the window of an old backup, and a newer one begins after it", () => {
  const names = [wal(1, 7), wal(1, 8), wal(1, 11), wal(1, 12)];
  const old = backup();
  assert.deepEqual(recoverable([old], archive(names))[0]?.missing, { from: wal(1, 9), to: wal(1, 10) });
  const newer = backup({ id: "20261128T000000", beginSegment: 11n, endLsn: "0/B000200" });
  assert.deepEqual(recoverable([newer], archive(names)).map((w) => [w.backup, w.lastWal]), [[newer.id, wal(1, 12)]]);
});

test("a backup without its last WAL, of another branch, or beyond the fork reaches nothing", () => {
  assert.deepEqual(recoverable([backup()], archive([wal(1, 7)])).map((w) => w.lastWal), [wal(1, 7)]);
  assert.deepEqual(recoverable([backup({ endLsn: "0/8000001" })], archive([wal(1, 7)])), []);
  const forked = archive([wal(1, 7), wal(1, 8), wal(2, 7), wal(2, 8)], { 2: "1\t0/7000500\tx\n" });
  assert.deepEqual(
    recoverable([backup()], forked).map((w) => w.timeline),
    [1],
    "timeline 2 left before the backup ended",
  );
  assert.deepEqual(recoverable([backup()], archive([wal(1, 7), wal(1, 8), wal(2, 9)])).map((w) => w.timeline), [1]);
});

test("no window reaches over a missing segment, and none ends before one that follows without a gap", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 7, max: 20 })), (segments) => {
    const [window] = recoverable([backup()], archive(segments.map((s) => wal(1, s))));
    let last = 6;
    while (segments.includes(last + 1)) last++;
    assert.equal(window?.lastWal, last < 7 ? undefined : wal(1, last));
    assert.equal(window === undefined ? false : window.missing !== null, last >= 7 && segments.some((s) => s > last));
  }));
});

test("WAL is unbroken since the oldest segment before which one is missing, was never finished, or is of another branch", () => {
  const histories = { 3: "1\t0/9000100\tx\n" };
  const since = (names: readonly string[]) => {
    const among = archive(names, histories);
    return unbrokenSince(among.files.at(-1)!, chainTo(3, among)!);
  };
  assert.equal(since([wal(1, 7), wal(1, 8), partial(1, 9), wal(3, 9), partial(3, 10)]), 7n);
  assert.equal(since([wal(1, 6), wal(1, 8), wal(3, 9), partial(3, 10)]), 8n);
  assert.equal(since([partial(1, 8), wal(3, 9), partial(3, 10)]), 9n);
  assert.equal(since([wal(1, 8), wal(1, 9), partial(3, 10)]), 10n);
});
