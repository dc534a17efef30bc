import assert from "node:assert/strict";
import { test } from "node:test";
import { badText, longestSecret, onlyKnown, type Tried, whenDropped, whenGiven, whenUsed, whySwap } from "./secret.ts";

test("a new value waits beside the one in use, and a change that is taken back is forgotten", () => {
  const changed = whenGiven(onlyKnown("old"), "new");
  assert.deepEqual(changed, { inUse: "old", other: "new", waits: true });
  assert.deepEqual(whenGiven(changed, "new"), changed);
  assert.deepEqual(whenGiven(changed, "newer"), { inUse: "old", other: "newer", waits: true });
  assert.deepEqual(whenGiven(changed, "old"), onlyKnown("old"));
});

test("after the swap the former value stays known until it is dropped, and a swap back keeps what the file says", () => {
  const swapped = whenUsed(whenGiven(onlyKnown("old"), "new"), "new");
  assert.deepEqual(swapped, { inUse: "new", other: "old", waits: false });
  assert.deepEqual(whenGiven(swapped, "new"), swapped);
  assert.deepEqual(whenDropped(swapped), onlyKnown("new"));
  assert.deepEqual(whenUsed(swapped, "old"), { inUse: "old", other: "new", waits: true });
  assert.deepEqual(whenUsed(onlyKnown("old"), "old"), onlyKnown("old"));
});

test("a value that was stored while its file changed again is in use, and what the file has now waits", () => {
  const changed = whenGiven(onlyKnown("old"), "newer");
  assert.deepEqual(whenUsed(changed, "new"), { inUse: "new", other: "newer", waits: true });
  assert.deepEqual(whenUsed(onlyKnown("old"), "new"), { inUse: "new", other: "old", waits: true });
});

test("what waits is not dropped", () => {
  const waiting = whenGiven(onlyKnown("old"), "new");
  assert.deepEqual(whenDropped(waiting), waiting);
});

test("the other value counts only where the server refuses the one in use and accepts the other", async () => {
  const known = whenGiven(onlyKnown("old"), "new");
  const server = (old: Tried, now: Tried) => (value: string) => Promise.resolve(value === "old" ? old : now);
  const why = (k: typeof known, old: Tried, now: Tried) =>
    whySwap(k, { login: server(old, now), fileCounts: false, trusting: false });
  assert.match(await why(known, "refused", "works") ?? "", /accepts it/);
  assert.equal(await why(known, "works", "works"), null);
  assert.equal(await why(known, "unknown", "works"), null);
  assert.equal(await why(known, "refused", "unknown"), null);
  assert.equal(await why(known, "refused", "refused"), null);
  assert.equal(await why(known, "barred", "barred"), null);
  assert.equal(await why(onlyKnown("old"), "refused", "works"), null);
});

test("of a role that the server bars whatever its password, the file's value counts, if it is one of those that may", async () => {
  const known = whenGiven(onlyKnown("old"), "new");
  const why = (k: typeof known, ...tried: Tried[]) =>
    whySwap(k, { login: () => Promise.resolve(tried.shift()!), fileCounts: true, trusting: false });
  assert.match(await why(known, "barred", "barred") ?? "", /its file counts/);
  assert.equal(await why(known, "barred", "refused"), null, "a line of pg_hba.conf has changed in between");
  assert.equal(await why(whenUsed(known, "new"), "barred", "barred"), null, "the file's is in use");
});

test("an empty and an endless file are refused", () => {
  assert.equal(badText("x"), null);
  assert.match(badText("")!, /empty/);
  assert.match(badText("x".repeat(longestSecret + 1))!, /longer/);
});
