import assert from "node:assert/strict";
import { test } from "node:test";
import {
  badText,
  longestSecret,
  onlyKnown,
  otherWorks,
  type Tried,
  whenDropped,
  whenGiven,
  whenSwapped,
} from "./secret.ts";

test("a new value waits beside the one in use, and a change that is taken back is forgotten", () => {
  const changed = whenGiven(onlyKnown("old"), "new");
  assert.deepEqual(changed, { inUse: "old", other: "new", waits: true });
  assert.deepEqual(whenGiven(changed, "new"), changed);
  assert.deepEqual(whenGiven(changed, "newer"), { inUse: "old", other: "newer", waits: true });
  assert.deepEqual(whenGiven(changed, "old"), onlyKnown("old"));
});

test("after the swap the former value stays known until it is dropped, and a swap back keeps what the file says", () => {
  const swapped = whenSwapped(whenGiven(onlyKnown("old"), "new"));
  assert.deepEqual(swapped, { inUse: "new", other: "old", waits: false });
  assert.deepEqual(whenGiven(swapped, "new"), swapped);
  assert.deepEqual(whenDropped(swapped), onlyKnown("new"));
  assert.deepEqual(whenSwapped(swapped), { inUse: "old", other: "new", waits: true });
  assert.deepEqual(whenSwapped(onlyKnown("old")), onlyKnown("old"));
});

test("what waits is not dropped", () => {
  const waiting = whenGiven(onlyKnown("old"), "new");
  assert.deepEqual(whenDropped(waiting), waiting);
});

test("the other value counts only where the server refuses the one in use and accepts the other", async () => {
  const known = whenGiven(onlyKnown("old"), "new");
  const server = (old: Tried, now: Tried) => (value: string) => Promise.resolve(value === "old" ? old : now);
  assert.equal(await otherWorks(known, server("refused", "works")), true);
  assert.equal(await otherWorks(known, server("works", "works")), false);
  assert.equal(await otherWorks(known, server("unknown", "works")), false);
  assert.equal(await otherWorks(known, server("refused", "unknown")), false);
  assert.equal(await otherWorks(known, server("refused", "refused")), false);
  assert.equal(await otherWorks(onlyKnown("old"), server("refused", "works")), false);
});

test("an empty and an endless file are refused", () => {
  assert.equal(badText("x"), null);
  assert.match(badText("")!, /empty/);
  assert.match(badText("x".repeat(longestSecret + 1))!, /longer/);
});
