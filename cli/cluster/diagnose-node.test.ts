// What a node says of its settings and of its data becomes a finding with its fix.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { says } from "../../tests/support/fake-cluster.ts";
import { diagnose } from "./diagnose.ts";
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

test("without a primary, doctor leads to the nodes whose agents are not let in", () => {
  const trouble = { because: "PostgreSQL does not let the agent of this node in: x", fix: "mend x" };
  const nodes = ["pg1", "pg2"].map((host) => ({ host, status: { ...says(host), trouble } }));
  const found = diagnose({ members: [], nodes, primary: null });
  assert.match(found[0]!.fix, /^mend what is said here of pg1, pg2/);
});

test("a server that has stopped to answer is named with its age, and a late look is not", () => {
  assert.deepEqual(found({ observedAgoMs: 9_000 }), []);
  assert.match(
    found({ observedAgoMs: 21_400 })[0]!,
    /^error pg1: its server has not answered for 21 s; look for a disk/,
  );
});
