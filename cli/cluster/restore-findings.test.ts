// While a node is restored, what the others lack is no error of its own; what the restored node lacks stays one.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { clusterOf } from "../../tests/support/seen-cluster.ts";
import { diagnose } from "./diagnose.ts";

const trouble = { because: "FATAL: replication slot does not exist", fix: "see the log" };
const restore = { id: "r", step: "holding", target: "the latest moment", trouble: null } as NodeStatus["restore"];
const failed = { phase: "failed", failingMs: 120_000, trouble } as unknown as Partial<NodeStatus>;

const levels = (restoring: boolean) => {
  const pg1 = { ...failed, restore: restoring ? restore : null };
  const cluster = { ...clusterOf({ nodes: { pg1, pg2: failed } }), primary: null };
  return diagnose(cluster).filter((f) => f.what.includes(trouble.because)).map((f) => `${f.level} ${f.about}`);
};

test("what a standby lacks is a warning while another node is restored, and an error again afterwards", () => {
  assert.deepEqual(levels(true), ["error pg1", "warning pg2"]);
  assert.deepEqual(levels(false), ["error pg1", "error pg2"]);
});
