// What was seen of one run of pgpool says nothing about the next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PoolRun, type PoolSeen, seenNow } from "./state.ts";

const run = (number: number) => ({ number }) as PoolRun;
const nodes = [{ id: 0, status: "up", role: "primary" }] as const;

test("nothing has been seen of a new run: neither its backends, nor whether it serves, nor its silence", () => {
  const seen: PoolSeen = { run: 1, nodes, blindSinceMs: 5, served: true };
  assert.equal(seenNow({ seen, run: run(1) }), seen);
  assert.deepEqual(seenNow({ seen, run: run(2) }), { run: 2, nodes: null, blindSinceMs: null, served: false });
  assert.equal(seenNow({ seen, run: null }).served, false);
});
