// Data that was promoted without an epoch counts as its parent, and all other data as it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster } from "../../../tests/support/fake-cluster.ts";
import { countedData, type GrantedView } from "./granted.ts";

const parent = { timeline: 2, lsn: "0/2000000" };
const promoted = cluster({ position: { timeline: 3, lsn: "0/9000000" }, parent });
const view: GrantedView = { leaseInForce: true, everHadMajority: true, granted: [], followed: 0, restoring: null };

test("a promotion that no majority knows of counts as its parent, where it was left", () => {
  assert.deepEqual(countedData(promoted, view), { ...promoted, position: parent, ungranted: true });
  assert.deepEqual(countedData(promoted, { ...view, granted: [2, 9] }), {
    ...promoted,
    position: parent,
    ungranted: true,
  });
});

test("what became of the data of a restore is decided elsewhere, by all that is on disk", () => {
  const restored = { ...promoted, restored: "r1" };
  assert.deepEqual(countedData(restored, { ...view, restoring: "r1" }), restored);
  assert.equal(countedData(restored, { ...view, restoring: "r2" }).kind, "cluster");
  assert.deepEqual(countedData(restored, view), { ...restored, position: parent, ungranted: true }, "it is over");
});

test("an epoch of this node's own counts in full, also after the memory of an earlier release", () => {
  assert.equal(countedData(promoted, { ...view, granted: [2, 3] }), promoted);
  assert.equal(countedData(promoted, { ...view, granted: null }), promoted);
});

test("a promotion that was cut short before its first record counts as its parent, with standby.signal or without", () => {
  const short = cluster({ position: { timeline: 3, lsn: parent.lsn }, parent, wasPrimary: false });
  assert.deepEqual(countedData(short, view), { ...short, position: parent, ungranted: true });
  assert.equal(countedData(short, { ...view, granted: [3] }), short);
  const unread = { ...short, endRead: false };
  assert.equal(countedData(unread, view), unread, "its end is not known, so there may be more");
});

test("a timeline that this node has streamed is not its own, also if its own promotion was cut short after standby.signal", () => {
  assert.equal(countedData(promoted, { ...view, followed: 3 }), promoted);
  assert.equal(countedData(promoted, { ...view, followed: 2 }) === promoted, false);
});

test("without a lease in force, and for a standby, everything counts", () => {
  assert.equal(countedData(promoted, { ...view, leaseInForce: false }), promoted);
  assert.equal(countedData(promoted, { ...view, everHadMajority: false }), promoted);
  const standby = { ...promoted, wasPrimary: false };
  assert.equal(countedData(standby, view), standby);
  const empty = { kind: "empty" as const };
  assert.equal(countedData(empty, view), empty);
});
