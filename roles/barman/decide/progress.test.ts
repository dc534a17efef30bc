// How far a base backup is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { progressOf } from "./progress.ts";

test("rate and time left follow from what has been copied", () => {
  assert.deepEqual(progressOf({ streamedBytes: 200, totalBytes: 1_000 }, 2_000), {
    streamedBytes: 200,
    totalBytes: 1_000,
    bytesPerSecond: 100,
    leftSeconds: 8,
  });
});

test("nothing is guessed before the copy begins, of an unknown size, or for more than was expected", () => {
  assert.deepEqual(progressOf({ streamedBytes: 0, totalBytes: 9 }, 2_000), {
    streamedBytes: 0,
    totalBytes: 9,
    bytesPerSecond: null,
    leftSeconds: null,
  });
  assert.equal(progressOf({ streamedBytes: 5, totalBytes: null }, 1_000).leftSeconds, null);
  assert.equal(progressOf({ streamedBytes: 50, totalBytes: 9 }, 1_000).leftSeconds, 0);
});
