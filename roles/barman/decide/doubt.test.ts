// A failed verification casts doubt on all backups that share files with the one that failed, until one of them passes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { doubtOf, type Failures, withResult } from "./doubt.ts";

const backups = [
  { id: "1", parent: null },
  { id: "2", parent: "1" },
  { id: "3", parent: "2" },
  { id: "4", parent: null },
];
const doubted = (failures: Failures) =>
  backups.map((b) => b.id).filter((id) => doubtOf(id, failures, backups) !== null);

test("the relatives of a backup that failed are doubted too, and no other", () => {
  const failed = withResult({}, { backup: "3", error: "page 2 is wrong" }, backups);
  assert.deepEqual(doubted(failed), ["1", "2", "3"]);
  assert.equal(doubtOf("1", failed, backups), "the verification of 3 failed: page 2 is wrong");
  assert.deepEqual(doubted(withResult(failed, { backup: "4", error: "lost" }, backups)), ["1", "2", "3", "4"]);
});

test("a verification that passes ends the doubt about its relatives, and what is gone is forgotten", () => {
  const failed = { 3: "page 2 is wrong", 4: "lost", 0: "of a backup that is gone" };
  assert.deepEqual(withResult(failed, { backup: "1", error: null }, backups), { 4: "lost" });
  assert.deepEqual(doubted(withResult(failed, { backup: "4", error: null }, backups)), ["1", "2", "3"]);
});

test("a record that names itself or a later one as its parent does not hang", () => {
  assert.equal(doubtOf("7", {}, [{ id: "7", parent: "7" }]), null);
});
