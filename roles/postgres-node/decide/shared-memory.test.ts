import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedMemoryTrouble } from "./shared-memory.ts";

test("the 64 MB that Docker gives are named with the way out, and what the example has is enough", () => {
  const trouble = sharedMemoryTrouble(64 * 1024 * 1024)!;
  assert.match(`${trouble.because}; ${trouble.fix}`, /\/dev\/shm has 64.0 MB, .*parallel queries.*shm_size: 256mb/);
  assert.equal(sharedMemoryTrouble(256 * 1024 * 1024), null);
});
