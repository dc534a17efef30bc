// A backup that a restore uses is released only when that restore is certainly over, and then as it was before.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodeStatus, PeerSeen } from "../../../core/protocol/status.ts";
import { decideEnd, isOver, keptFor, markOf, type Use, withoutUses } from "./uses.ts";

const use = (id: string, changes: Partial<Use> = {}): Use => ({
  id,
  backup: "b1",
  by: { node: "pg1" },
  sinceMs: 0,
  before: "none",
  ...changes,
});

const says = (restore: string | null, last: string | null): PeerSeen => ({
  host: "pg1",
  seen: "reached",
  status: {
    restore: restore === null ? null : { id: restore },
    lastRestore: last === null ? null : { id: last, undone: false },
  } as NodeStatus,
});

test("a restore is over once its node says so, or never heard of it; a node that does not answer says nothing", () => {
  const hours = 100 * 3_600_000;
  assert.equal(isOver(use("r1"), says("r1", null), hours), false);
  assert.equal(isOver(use("r1"), says(null, "r1"), 0), true);
  assert.equal(isOver(use("r1"), says(null, null), 59_000), false, "the order may be on its way");
  assert.equal(isOver(use("r1"), says(null, "r0"), 60_000), true);
  assert.equal(isOver(use("r1"), says("r2", null), 60_000), true);
  assert.equal(isOver(use("r1"), { host: "pg1", seen: "unreachable", error: "" }, hours), false);
});

test("whatever the order in which uses begin and end, the last one leaves the mark that was there before the first", () => {
  const before = fc.constantFrom("none", "standalone", "full" as const);
  const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 });
  fc.assert(fc.property(before, order, (first, ends) => {
    // each but the first finds the mark that the first has made
    let uses = ends.map((_, i) => use(`r${i}`, { sinceMs: i, before: i === 0 ? first as Use["before"] : "full" }));
    let mark: string | null = null;
    for (const i of ends) {
      const own = uses.find((u) => u.id === `r${i}`)!;
      const end = decideEnd(own, uses);
      if ("mark" in end) mark = end.mark;
      else uses = uses.map((u) => u.id === end.inherits.id ? end.inherits : u);
      uses = uses.filter((u) => u.id !== own.id);
    }
    return mark === first;
  }));
});

test("for an incremental backup the full one is kept, on which all of them build", () => {
  const records = [{ id: "b1", parent: null }, { id: "b2", parent: "b1" }, { id: "b3", parent: "b2" }];
  assert.deepEqual(["b1", "b2", "b3", "gone"].map((id) => keptFor(id, records)), ["b1", "b1", "b1", "gone"]);
});

test("uses of other backups do not matter", () => {
  const other = use("r2", { backup: "b2" });
  assert.deepEqual(decideEnd(use("r1", { before: "standalone" }), [use("r1"), other]), { mark: "standalone" });
});

test("for the object store a backup is marked as it would be without the uses", () => {
  const listed = (retention: string) => ({ id: "b1", status: "DONE", retention, sizeBytes: 1, endSeconds: 1 });
  const mark = (retention: string, ...uses: Use[]) => withoutUses([listed(retention)], uses)[0]?.retention;
  const later = use("r2", { sinceMs: 1, before: "full" }); // it has found the mark of the first
  assert.equal(mark("KEEP:FULL", later, use("r1")), "VALID");
  assert.equal(mark("KEEP:FULL", use("r1", { before: "standalone" })), "KEEP:STANDALONE");
  assert.equal(mark("KEEP:FULL", use("r1", { before: "full" })), "KEEP:FULL");
  assert.equal(mark("KEEP:FULL", use("r1", { backup: "b2" })), "KEEP:FULL");
  assert.equal(mark("OBSOLETE", use("r1")), "OBSOLETE", "barman could not mark it");
});

test("barman's words for its marks are known", () => {
  assert.deepEqual(["KEEP:FULL", "KEEP:STANDALONE", "VALID", "OBSOLETE", null].map(markOf), [
    "full",
    "standalone",
    "none",
    "none",
    "none",
  ]);
});
