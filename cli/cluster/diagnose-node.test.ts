// What a node says of its settings and of its data becomes a finding with its fix.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { says, soundFacts } from "../../tests/support/fake-cluster.ts";
import { node } from "./diagnose-node.ts";

const found = (changes: Partial<NodeStatus>, leads = false) => {
  const status = says("pg1", changes, leads ? { standby: false, upstream: null } : {});
  const cluster = { members: [], nodes: [], primary: leads ? { host: "pg1", status } : null };
  return node("pg1", status, cluster).map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}`);
};

test("a setting that waits for a restart is a warning; data of a running primary that are not whole are an error", () => {
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({ settings: [{ because: "work_mem waits", fix: "type: stop" }] }), [
    "warning pg1: work_mem waits; type: stop",
  ]);
  assert.deepEqual(found({ trouble: { because: "pg_xact is not there", fix: "mend a standby" } }, true), [
    "error pg1: pg_xact is not there; mend a standby",
  ]);
});

test("a /dev/shm that is too small for parallel queries is named, unless there are none", () => {
  const server = { ...soundFacts, parallel: true, sharedBytes: 64 * 1024 ** 2 };
  assert.match(found({ server }).join(), /^warning pg1: its \/dev\/shm is small: it has 64.0 MB; set shm_size/);
  assert.deepEqual(found({ server: { ...server, parallel: false } }), []);
  assert.deepEqual(found({ server: { ...server, sharedBytes: 256 * 1024 ** 2 } }), []);
  assert.deepEqual(found({ server: { ...server, sharedBytes: null } }), []);
});
