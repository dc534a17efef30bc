// An answer counts for the node that was meant, and a node counts once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { misdirected } from "./identity.ts";

const answer = (host: string, nodeId: number, ownHost: string) => ({ host, nodeId, ownHost });

test("a name that leads to another node's container, which also answers by its own name, tells nothing", () => {
  const answers = [answer("pg1", 2, "pg2"), answer("pg2", 2, "pg2"), answer("pg3", 3, "pg3")];
  assert.deepEqual([...misdirected(answers)], ["pg1"]);
});

test("a node that is asked only by another name counts, and so do two containers that claim one name", () => {
  assert.equal(misdirected([answer("10.0.0.2", 2, "pg2"), answer("pg3", 3, "pg3")]).size, 0);
  assert.equal(misdirected([answer("pg2", 2, "pg2"), answer("pg9", 9, "pg2")]).size, 0, "another node id");
});
