// The search finds what reading all WAL would find, and reads much less.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Mark } from "../text/waldump.ts";
import { lastCommitUntil } from "./commit-search.ts";

const commit = (at: number): Mark => ({
  kind: "commit",
  lsn: `0/${at.toString(16)}`,
  xid: at,
  atMicros: BigInt(at),
  name: "",
});

test("the last commit up to a time is the one that reading everything finds", async () => {
  const gaps = fc.array(fc.array(fc.nat({ max: 5 }), { maxLength: 4 }), { maxLength: 12 });
  await fc.assert(fc.asyncProperty(gaps, fc.nat({ max: 60 }), async (segments, until) => {
    let now = 0;
    const marks = segments.map((gapsOf) => gapsOf.map((gap) => commit(now += gap)));
    const all = marks.flat();
    const expected = all.findLast((c) => c.atMicros <= BigInt(until)) ?? null;
    const found = await lastCommitUntil(marks.length, (i) => Promise.resolve(marks[i]!), BigInt(until));
    assert.deepEqual(found.commit, expected);
    assert.equal(found.laterSeen, all.some((c) => c.atMicros > BigInt(until)));
  }));
});

test("of 4096 segments a few are read", async () => {
  const read = new Set<number>();
  const marksAt = (i: number) => {
    read.add(i);
    return Promise.resolve([commit(i * 10), commit(i * 10 + 5)]);
  };
  assert.equal((await lastCommitUntil(4096, marksAt, 20_004n)).commit?.xid, 19_995 + 5);
  assert.ok(read.size < 20, `${read.size} segments were read`);
});
