// Which moments can be restored: over forks, over gaps, and to the last byte received.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHistory } from "../../../core/postgres/lsn.ts";
import { parseWalName, segmentBytes, walName } from "../../../core/postgres/wal-name.ts";
import { type BackupPlace, recoverable } from "./recoverable.ts";
import { chainTo, rowFrom, unbrokenSince } from "./wal-chain.ts";

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

test("a row ends where going from file to file ends, over any forks, gaps and files that were never finished", () => {
  const places = fc.record({
    forks: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 4 }),
    missing: fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 31 })), { maxLength: 3 }),
    unfinished: fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 31 })), { maxLength: 3 }),
    until: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }),
  });
  fc.assert(fc.property(places, ({ forks, missing, unfinished, until }) => {
    const begins = [0, ...forks.toSorted((a, b) => a - b)];
    const has = (list: readonly (readonly [number, number])[], t: number, s: number) =>
      list.some(([lt, ls]) => lt === t && ls === s);
    const names = begins.flatMap((begin, i) => {
      const end = Math.min(31, (begins[i + 1] ?? 31) - 1 + until[i]!);
      const segments = Array.from({ length: Math.max(0, end - begin + 1) }, (_, n) => begin + n);
      return segments.filter((s) => !has(missing, i + 1, s)).map((s) =>
        has(unfinished, i + 1, s) ? partial(i + 1, s) : wal(i + 1, s)
      );
    });
    const lines = forks.toSorted((a, b) => a - b).map((segment, i) =>
      `${i + 1}\t0/${(segment * segmentBytes + 0x100).toString(16).toUpperCase()}\tx\n`
    );
    const chain = chainTo(begins.length, archive(names, { [begins.length]: lines.join("") }))!;
    for (let s = 0n; s < 32n; s++) assert.deepEqual(chain.rowEnd(s), rowFrom(s, chain).at(-1) ?? null);
  }));
});

test("what can be restored is found without a walk from file to file for each timeline and backup", () => {
  const timelines = 200;
  const per = 10;
  const lsnOf = (segment: number) =>
    `${(segment >> 8).toString(16)}/${(((segment & 255) << 24) + 0x100 >>> 0).toString(16)}`;
  let looks = 0;
  const files = Array.from({ length: timelines * per }, (_, s) => {
    const file = parseWalName(wal(1 + Math.floor(s / per), s), segmentBytes)!;
    return Object.defineProperty({ ...file }, "segment", { get: () => (looks++, file.segment), enumerable: true });
  });
  const histories = new Map<number, ReturnType<typeof parseHistory>>();
  for (let t = 2; t <= timelines; t++) {
    const forks = Array.from({ length: t - 1 }, (_, i) => `${i + 1}\t${lsnOf((i + 1) * per)}\tx\n`);
    histories.set(t, parseHistory(forks.join("")));
  }
  const backups = Array.from(
    { length: timelines },
    (_, i) => backup({ id: `b${i + 100}`, timeline: i + 1, beginSegment: BigInt(i * per), endLsn: lsnOf(i * per) }),
  );
  const found = recoverable(backups, { segmentBytes, files, histories });
  assert.equal(found.length, timelines);
  assert.equal(found.at(-1)?.backup, "b100", "the oldest backup reaches the newest timeline");
  assert.ok(looks < 70 * files.length, `${looks} looks at ${files.length} files`);
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
