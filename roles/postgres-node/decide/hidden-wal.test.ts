import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareLsn, formatLsn, type TimelineFork } from "../../../core/postgres/lsn.ts";
import { historyName, walName } from "../../../core/postgres/wal-name.ts";
import { belongsTo, copiesOf, type CopyEnd, hiddenBy, reachesFork, type WalDirectory } from "./hidden-wal.ts";

const segmentBytes = 16 * 1024 * 1024;
const file = (timeline: number, segment: number) => walName(timeline, BigInt(segment), segmentBytes);
const lsn = (segment: number, offset: number) => formatLsn(BigInt(segment * segmentBytes + offset));
const fork = (timeline: number, endLsn: string): TimelineFork => ({ timeline, endLsn });

/** Timeline 2 left timeline 1 in the middle of segment 5; a standby has all of timeline 1, and begins to receive 2. */
function directory(changes: Partial<WalDirectory> = {}, files: readonly string[] = [file(1, 5), file(2, 5)]) {
  return {
    redoLsn: lsn(3, 40),
    timeline: 1,
    files: [file(1, 3), file(1, 4), historyName(2), ...files],
    histories: new Map([[2, [fork(1, lsn(5, 1000))]]]),
    segmentBytes,
    ...changes,
  };
}

/** What hides in a directory whose files reach so far; "empty": no valid record is in the file. */
function hiding(at: WalDirectory, reach: Record<string, string>): string[] | null {
  const copies = copiesOf(at).map((c) => {
    const end = reach[c.file];
    return { ...c, end: end === "empty" ? { lsn: c.startLsn, empty: true } : { lsn: end!, empty: false } };
  });
  return hiddenBy(copies)?.hiding.map((c) => c.file) ?? null;
}

const whole = { [file(1, 5)]: lsn(5, 1000) };

test("a first segment that ends before its fork hides what the parent's file holds, until it has reached the fork", () => {
  assert.deepEqual(hiding(directory(), { ...whole, [file(2, 5)]: lsn(5, 600) }), [file(2, 5)]);
  assert.deepEqual(hiding(directory(), { ...whole, [file(2, 5)]: "empty" }), [file(2, 5)], "or has old content");
  assert.equal(hiding(directory(), { ...whole, [file(2, 5)]: lsn(5, 1000) }), null);
  assert.equal(hiding(directory(), { ...whole, [file(2, 5)]: lsn(5, 2000) }), null);
});

test("nothing is removed if no older file holds more", () => {
  assert.deepEqual(copiesOf(directory({}, [file(2, 5)])), [], "the parent's file is gone");
  assert.deepEqual(copiesOf(directory({}, [`${file(1, 5)}.partial`, file(2, 5)])), [], "or was renamed");
  const shorter = { [file(1, 5)]: lsn(5, 500), [file(2, 5)]: lsn(5, 600) };
  assert.equal(hiding(directory(), shorter), null);
  assert.equal(hiding(directory(), { ...shorter, [file(1, 5)]: "empty" }), null);
});

test("only what PostgreSQL reads counts", () => {
  assert.deepEqual(copiesOf(directory({ histories: new Map() }, [file(1, 5), file(2, 5)])), [], "no history is known");
  const unborn = directory();
  const without = { ...unborn, files: unborn.files.filter((f) => f !== historyName(2)) };
  assert.deepEqual(copiesOf(without), [], "no history file: the promotion never began");
  assert.deepEqual(
    copiesOf(directory({ redoLsn: lsn(5, 1000), timeline: 2 })),
    [],
    "a clone starts at or after the fork",
  );
  assert.deepEqual(copiesOf(directory({}, [file(1, 5), file(2, 5), file(2, 6)])), [], "its WAL goes on");
  const held = directory({ histories: new Map([[2, [fork(1, lsn(5, 1000))]], [3, []]]) });
  assert.equal(
    copiesOf({ ...held, files: [...held.files, historyName(3)] }).length,
    2,
    "a place-holder is not a timeline",
  );
});

test("of two timelines that begin in one segment, the newest copy that reaches its fork is kept", () => {
  const forks = [fork(1, lsn(5, 1000)), fork(2, lsn(5, 3000))];
  const chain = (files: string[]) =>
    directory({ histories: new Map([[2, []], [3, forks]]) }, [historyName(3), file(1, 5), ...files]);
  const all = chain([file(2, 5), file(3, 5)]);
  const reach = (two: string, three: string) => ({ ...whole, [file(2, 5)]: two, [file(3, 5)]: three });
  assert.deepEqual(hiding(all, reach(lsn(5, 3000), lsn(5, 600))), [file(3, 5)]);
  assert.deepEqual(hiding(all, reach(lsn(5, 700), lsn(5, 600))), [file(3, 5), file(2, 5)]);
  assert.equal(hiding(all, reach(lsn(5, 700), lsn(5, 3000))), null, "what is below it is not read");
  assert.equal(hiding(all, reach(lsn(5, 1500), lsn(5, 2000))), null, "timeline 2 holds less");
  assert.deepEqual(hiding(chain([file(2, 5)]), reach(lsn(5, 600), "")), [file(2, 5)], "before timeline 3 is received");
  const beyond = { [file(1, 5)]: lsn(5, 9000), [file(2, 5)]: lsn(5, 3000), [file(3, 5)]: lsn(5, 600) };
  assert.deepEqual(hiding(all, beyond), [file(3, 5)], "timeline 1 beyond its end is not its history");
});

test("a timeline that begins with a segment hides nothing; a file of it without a record goes, so that the end is found", () => {
  const at = directory({ histories: new Map([[2, [fork(1, lsn(5, 0))]]]) }, [file(2, 5)]);
  assert.deepEqual(hiding(at, { [file(1, 4)]: lsn(5, 0), [file(2, 5)]: "empty" }), [file(2, 5)]);
  assert.equal(hiding(at, { [file(1, 4)]: lsn(5, 0), [file(2, 5)]: lsn(5, 200) }), null);
  assert.equal(hiding(at, { [file(1, 4)]: "empty", [file(2, 5)]: "empty" }), null);
});

test("reading begins early enough to find a record that spans two segments, and not before the checkpoint", () => {
  const starts = (redoLsn: string) => copiesOf(directory({ redoLsn })).map((c) => [c.firstFile, c.startLsn]);
  assert.deepEqual(starts(lsn(3, 40)), [[file(2, 5), lsn(5, 0)], [file(1, 4), lsn(4, 0)]]);
  assert.deepEqual(starts(lsn(4, 70)), [[file(2, 5), lsn(5, 0)], [file(1, 4), lsn(4, 70)]]);
  assert.deepEqual(starts(lsn(5, 70)), [[file(2, 5), lsn(5, 70)], [file(1, 5), lsn(5, 70)]]);
});

test("whatever copies there are, what goes is read first, and what is read after that reaches further", () => {
  const end = fc.record({ at: fc.integer({ min: 0, max: 40 }), empty: fc.boolean() });
  const copy = fc.record({ end, fork: fc.integer({ min: 1, max: 40 }) });
  fc.assert(fc.property(fc.array(copy, { minLength: 1, maxLength: 5 }), (drawn) => {
    const copies = drawn.map(({ end: { at, empty }, fork }, i) => {
      const end: CopyEnd = { lsn: formatLsn(BigInt(empty ? 0 : at)), empty };
      const forkLsn = i === drawn.length - 1 ? null : formatLsn(BigInt(fork));
      return { timeline: drawn.length - i, file: file(drawn.length - i, 5), forkLsn, end };
    });
    const found = hiddenBy(copies);
    if (reachesFork(copies[0]!, copies[0]!.end)) return assert.equal(found, null);
    const read = found?.kept ?? copies[0]!;
    const sound = copies.findIndex((c) => reachesFork(c, c.end));
    for (const c of copies.slice(0, sound < 0 ? copies.length : sound + 1)) {
      assert.ok(compareLsn(read.end.lsn, c.end.lsn) >= 0, "no copy that counts reaches further");
    }
    if (found === null) return;
    assert.deepEqual(found.hiding, copies.slice(0, found.hiding.length));
    assert.equal(found.kept, copies[found.hiding.length]);
    for (const { end, forkLsn } of found.hiding) {
      assert.ok(forkLsn !== null && (end.empty || compareLsn(end.lsn, forkLsn) < 0), "it has no record of its own");
      assert.ok(end.empty || compareLsn(found.kept.end.lsn, end.lsn) > 0);
    }
    assert.equal(hiddenBy(copies.slice(found.hiding.length)), null, "once is enough");
  }));
});

test("an end before the fork is one of the parent: it is not reported as the newer timeline", () => {
  const history = [fork(1, lsn(5, 1000)), fork(2, lsn(5, 3000))];
  const at = (offset: number) => belongsTo({ timeline: 3, lsn: lsn(5, offset) }, history).timeline;
  assert.deepEqual([600, 1000, 1001, 2999, 3000, 4000].map(at), [1, 1, 2, 2, 3, 3]);
  assert.equal(belongsTo({ timeline: 1, lsn: lsn(5, 0) }, []).timeline, 1);
});
