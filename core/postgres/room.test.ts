// When a volume has no room, and when it has enough to take over; what could not be seen is neither.
import assert from "node:assert/strict";
import { test } from "node:test";
import { affordsReserve, hasRoom, lacksRoom, reserveBytes } from "./room.ts";

const MB = 1024 * 1024;

test("less than one WAL segment is not enough room, sixteen are enough to take over", () => {
  assert.deepEqual([0, 16 * MB - 1, 16 * MB].map(lacksRoom), [true, true, false]);
  assert.deepEqual([16 * MB, 256 * MB - 1, 256 * MB].map(hasRoom), [false, false, true]);
});

test("free bytes that could not be seen are neither too few nor enough", () => {
  assert.equal(lacksRoom(null), false);
  assert.equal(hasRoom(null), false);
});

test("the reserve follows a small volume, and is made only where there is much room", () => {
  assert.deepEqual([512, 1024, 4096, 1e6].map((size) => reserveBytes(size * MB) / MB), [32, 64, 128, 128]);
  assert.deepEqual(
    [127, 128].map((free) => affordsReserve({ freeBytes: free * MB, totalBytes: 512 * MB })),
    [false, true],
  );
});
