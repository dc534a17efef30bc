import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegisteredNode } from "../../../core/protocol/status.ts";
import { staleRecords } from "./stale-records.ts";

const record = (nodeId: number, n = nodeId): RegisteredNode => ({
  nodeId,
  nodeName: `node${n}`,
  host: `pg${n}`,
  port: 5432,
  type: "standby",
  upstreamNodeId: 1,
  active: true,
  priority: 100,
});
const node = (nodeId: number, n = nodeId) => ({ nodeId, name: `node${n}`, host: `pg${n}` });
const ids = (records: RegisteredNode[], nodes: { nodeId: number; name: string; host: string }[]) =>
  staleRecords(records, nodes).map((r) => r.nodeId);

test("the record of a node that has another id now is stale, by its name or by its host", () => {
  const records = [record(1), record(2), record(3)];
  assert.deepEqual(ids(records, [node(1), node(12, 2), node(3)]), [2]);
  assert.deepEqual(ids(records, [node(1), { ...node(12, 2), name: "new" }, node(3)]), [2]);
  assert.deepEqual(ids(records, [node(1), { ...node(12, 2), host: "moved" }, node(3)]), [2]);
  assert.deepEqual(
    ids([...records, record(12, 2)], [node(11, 1), node(12, 2), node(3)]),
    [1, 2],
    "also of the primary",
  );
});

test("a node that is away keeps its record, and so does one that answers under its id, whatever it is called", () => {
  const records = [record(1), record(2), record(3)];
  assert.deepEqual(ids(records, [node(1), node(3)]), []);
  assert.deepEqual(ids(records, [node(1), node(2), { ...node(3), name: "node2" }]), []);
  assert.deepEqual(staleRecords(null, [node(1)]), []);
});
