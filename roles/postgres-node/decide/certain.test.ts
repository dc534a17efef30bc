import assert from "node:assert/strict";
import { test } from "node:test";
import { type CertaintyView, positionCertain, withKnownWal, withReceivedWal } from "./certain.ts";

const standby = { standby: true, timeline: 2, lsn: "0/3000000" };
const found = { timeline: 2, lsn: "0/5000000" };

test("a standby that still replays what it had received reports the end of that WAL", () => {
  const known = { found, farthest: null };
  assert.equal(withKnownWal(standby, known).lsn, "0/5000000");
  assert.equal(withKnownWal({ ...standby, lsn: null }, known).lsn, "0/5000000");
  assert.equal(withKnownWal({ ...standby, lsn: "0/6000000" }, known).lsn, "0/6000000", "it has received more since");
  assert.equal(withKnownWal({ ...standby, timeline: 3 }, known).lsn, "0/3000000", "that was another timeline");
  assert.equal(withKnownWal({ ...standby, standby: false }, known).lsn, "0/3000000", "a primary knows");
});

test("a standby keeps the timeline that it has been on, though PostgreSQL shows that of a restart point", () => {
  const known = { found: { timeline: 3, lsn: "0/4000000" }, farthest: null };
  assert.deepEqual(withKnownWal(standby, known), { ...standby, timeline: 3, lsn: "0/4000000" });
  assert.equal(withKnownWal(standby, { found: null, farthest: { timeline: 4, lsn: "0/2000000" } }).timeline, 4);
});

test("the files of a standby tell its timeline, and what it has before the fork is its parent's", () => {
  const wal = { timeline: 8, history: [{ timeline: 7, endLsn: "0/5000100" }] };
  const on = (lsn: string, timeline = 7) => withReceivedWal({ standby: true, timeline, lsn }, wal);
  assert.deepEqual(on("0/5000200"), { standby: true, timeline: 8, lsn: "0/5000200" }, "its receiver has ended");
  assert.equal(on("0/5000080").timeline, 7);
  assert.equal(on("0/5000080", 8).timeline, 7, "its receiver is at the beginning of the segment");
  assert.equal(on("0/5000080", 9).timeline, 9, "of that one there is no file yet");
  assert.equal(withReceivedWal(standby, null), standby);
});

test("what a standby has reported once counts, also after a silence in which its WAL receiver ended", () => {
  const farthest = { timeline: 8, lsn: "0/6000000" };
  const after = { ...standby, timeline: 7, lsn: "0/6000000" };
  assert.deepEqual(withKnownWal(after, { found, farthest }), { ...after, timeline: 8 });
  assert.equal(withKnownWal({ ...after, lsn: "0/5000000" }, { found, farthest }).lsn, "0/6000000");
});

const rest: CertaintyView = {
  endRead: true,
  ranSince: false,
  beingReplaced: false,
  postmasterRuns: false,
  server: null,
};

test("a node at rest is certain of what was found, until a server has run or its data is being replaced", () => {
  assert.equal(positionCertain(rest), true);
  assert.equal(positionCertain({ ...rest, ranSince: true }), false);
  assert.equal(positionCertain({ ...rest, endRead: false }), false);
  assert.equal(positionCertain({ ...rest, beingReplaced: true }), false);
});

test("a node whose server did not answer just now is not certain: it may have received more", () => {
  const running: CertaintyView = {
    ...rest,
    ranSince: true,
    postmasterRuns: true,
    server: { standby: true, streaming: true },
  };
  assert.equal(positionCertain(running), true);
  assert.equal(positionCertain({ ...running, server: null }), false);
  const blind: CertaintyView = { ...running, endRead: false, server: { standby: true, streaming: false } };
  assert.equal(positionCertain(blind), false, "it may still replay WAL whose end was not found");
  assert.equal(positionCertain({ ...blind, server: running.server }), true, "it streams: all of that is replayed");
  assert.equal(positionCertain({ ...blind, server: { standby: false, streaming: false } }), true);
});
