// What has to be the same everywhere is compared, with every value, where it is, and what to type.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { says } from "../../tests/support/fake-cluster.ts";
import { sameness } from "./diagnose-sameness.ts";

const shared = { PARTNER_NODES: "pg1,pg2,pg3", LEASE_TTL: "2.5" };

function found(changes: Record<string, Partial<NodeStatus>>): string[] {
  const members = ["pg1", "pg2", "pg3"].map((host) => {
    return { host, status: says(host, { variables: shared, ...changes[host] }), clockAheadMs: 0 };
  });
  return sameness({ members }).map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}`);
}

test("containers that agree are in order; what one does not have does not concern it", () => {
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({ pg3: { variables: { LEASE_TTL: "2.5" } } }), []);
});

test("a variable that differs is named with all values, their containers, and the command for the one that is alone", () => {
  const [voters, ...more] = found({ pg2: { variables: { ...shared, PARTNER_NODES: "pg1,pg2" } } });
  assert.match(voters!, /^error cluster: PARTNER_NODES differs: pg1,pg2,pg3 on pg1, pg3; pg1,pg2 on pg2; .*up -d pg2$/);
  assert.deepEqual(more, []);
  const [ttl] = found({ pg1: { variables: { ...shared, LEASE_TTL: "4" } } });
  assert.match(ttl!, /^warning cluster: LEASE_TTL differs: 2.5 on pg2, pg3; 4 on pg1; set the same LEASE_TTL/);
  const [none] = found({ pg3: { variables: { ...shared, LEASE_TTL: "" } } });
  assert.match(none!, /nothing on pg3/);
});

test("a node reports what it shares; one without partners has no vote to compare", () => {
  assert.equal(says("pg1").variables.CONSISTENCY, "eventual");
  assert.equal(says("pg1").variables.QUORUM, "on");
});

test("a node that calls itself by the name of another is named", () => {
  const [finding] = found({ pg2: { node: { id: 2, name: "node2", host: "pg3" } } });
  assert.match(finding!, /^error pg2: calls itself pg3 .* reached as pg2; set CLUSTER_NODE_NETWORK_NAME=pg2/);
});
