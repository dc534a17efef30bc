// When repmgr's record of a node is wrong, and how soon that matters.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegisteredNode } from "../../../core/protocol/status.ts";
import { decideRegistration, type RegistrationView } from "./registration.ts";

const record: RegisteredNode = {
  nodeId: 2,
  nodeName: "node2",
  host: "pg2",
  port: 5432,
  type: "standby",
  upstreamNodeId: 1,
  active: true,
  priority: 100,
};
const view: RegistrationView = {
  self: { nodeId: 2, nodeName: "node2", host: "pg2", priority: 100 },
  role: "standby",
  registered: [{ ...record, nodeId: 1, host: "pg1", type: "primary" }, record],
  upstreamNodeId: 1,
};
const need = (change: Partial<RegistrationView>) => decideRegistration({ ...view, ...change }).need;
const recorded = (change: Partial<RegisteredNode>) => need({ registered: [{ ...record, ...change }] });

test("a record that says what the node is needs nothing", () => assert.equal(need({}), "none"));

test("no table, no record, or a record with another name, host or priority: at once", () => {
  assert.equal(need({ registered: null }), "now");
  assert.equal(need({ registered: [{ ...record, nodeId: 22 }] }), "now", "node 22 is not node 2");
  assert.equal(recorded({ nodeName: "node22" }), "now");
  assert.equal(recorded({ host: "pg22" }), "now");
  assert.equal(recorded({ priority: 1 }), "now");
  assert.equal(recorded({ holdsPassword: true }), "now", "as 1.x has left it");
});

test("another role, an inactive record or another upstream: soon, since repmgr may be about to change it", () => {
  assert.equal(recorded({ type: "primary" }), "soon");
  assert.equal(recorded({ active: false }), "soon");
  assert.equal(recorded({ upstreamNodeId: 3 }), "soon");
  assert.equal(need({ role: "primary" }), "soon");
});

test("an unknown upstream is not a difference, and a primary has no upstream", () => {
  assert.equal(need({ upstreamNodeId: null }), "none");
  assert.equal(need({ role: "primary", registered: [{ ...record, type: "primary" }], upstreamNodeId: 3 }), "none");
});
