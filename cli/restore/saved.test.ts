// A restore of which its node knows nothing can be told from one that is under way or over there.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { standingOf } from "./saved.ts";

const of = (restore: string | null, last: string | null) =>
  standingOf("r1", {
    restore: restore === null ? null : { id: restore },
    lastRestore: last === null ? null : { id: last },
  } as NodeStatus);

test("a node that never got the order is told from one that carries it out, or has done so", () => {
  assert.equal(of("r1", "r0"), "under way");
  assert.equal(of(null, "r1"), "over");
  assert.equal(of(null, null), "unknown");
  assert.equal(of(null, "r0"), "unknown");
  assert.equal(of("r2", null), "unknown");
});
