import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decideSync, provesAll, type SyncView } from "./sync.ts";

const view = (changes: Partial<SyncView> = {}): SyncView => ({
  mode: "strict",
  barman: false,
  role: "primary",
  joined: true,
  nodes: 3,
  others: [{ host: "b", name: "node2" }, { host: "c", name: "node3" }],
  streaming: ["node2", "node3", "barman_receive_wal"],
  ...changes,
});

const table: [string, Partial<SyncView>, string, RegExp | null][] = [
  ["eventual waits for no node", { mode: "eventual" }, "", null],
  ["eventual with barman waits for barman", { mode: "eventual", barman: true }, 'FIRST 1 ("barman_receive_wal")', null],
  [
    "a barman that is down blocks no commit",
    { mode: "eventual", barman: true, streaming: [] },
    "",
    /barman: it is not receiving WAL/,
  ],
  ["partially-strict waits for one standby", { mode: "partially-strict" }, 'ANY 1 ("node2", "node3")', null],
  [
    "while none streams, it waits for none and reports that",
    { mode: "partially-strict", streaming: [] },
    "",
    /asynchronous/,
  ],
  ["strict waits for half of the nodes", {}, 'ANY 1 ("node2", "node3")', null],
  [
    "strict never falls back",
    { streaming: [] },
    'ANY 1 ("node2", "node3")',
    /commits are blocked: 0 of 1 required standbys are streaming/,
  ],
  [
    "strict with barman needs both: two standbys are not enough, nor barman alone",
    { barman: true },
    'FIRST 2 ("barman_receive_wal", "node2", "node3")',
    null,
  ],
  [
    "partially-strict with barman needs both",
    { mode: "partially-strict", barman: true },
    'FIRST 2 ("barman_receive_wal", "node2", "node3")',
    null,
  ],
  [
    "partially-strict without a standby still waits for barman",
    { mode: "partially-strict", barman: true, streaming: ["barman_receive_wal"] },
    'FIRST 1 ("barman_receive_wal")',
    /no standby is streaming/,
  ],
  [
    "partially-strict without barman waits for any standby",
    { mode: "partially-strict", barman: true, streaming: ["node3"] },
    'ANY 1 ("node2", "node3")',
    /barman: it is not receiving WAL/,
  ],
  [
    "a node that was never seen is waited for under the name of its host",
    {
      others: [{ host: "b", name: null }, { host: "c", name: "node3" }],
    },
    'ANY 1 ("b", "node3")',
    null,
  ],
  ["the first node of a fresh cluster waits for no node", { joined: false }, "", null],
  [
    "a standby keeps what it would need as primary",
    { role: "standby", streaming: [] },
    'ANY 1 ("node2", "node3")',
    null,
  ],
  ["names are quoted", { others: [{ host: "b", name: 'a"b' }], nodes: 2 }, 'ANY 1 ("a""b")', /commits are blocked/],
];
for (const [what, changes, names, degraded] of table) {
  test(`decideSync(): ${what}`, () => {
    const plan = decideSync(view(changes));
    assert.equal(plan.names, names);
    if (degraded === null) assert.equal(plan.degraded, null);
    else assert.match(plan.degraded ?? "", degraded);
  });
}

test("provesAll(): of the reached nodes, one has every commit that its primary and floor(N/2) others have", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 9 }), fc.infiniteStream(fc.nat()), (nodes, numbers) => {
    // node 0 was the primary and is gone; any floor(N/2) of the others have the commit, any set is reached
    const shuffled = () => {
      const list = Array.from({ length: nodes - 1 }, (_, i) => i + 1);
      return list.toSorted(() => (numbers.next().value! % 3) - 1);
    };
    const holders = new Set(shuffled().slice(0, Math.floor(nodes / 2)));
    for (let count = 1; count < nodes; count++) {
      const reached = shuffled().slice(0, count);
      if (provesAll(count, nodes)) assert.ok(reached.some((n) => holders.has(n)));
    }
  }));
});

test("provesAll() asks for no more than it must", () => {
  assert.deepEqual([2, 3, 4, 5, 7].map((n) => [1, 2, 3, 4, 5, 6].find((c) => provesAll(c, n))), [1, 2, 2, 3, 4]);
});

test("two barman containers that receive take no place of a standby", () => {
  const streaming = ["barman_receive_wal", "barman_receive_wal", "node2"];
  const { names } = decideSync({
    mode: "strict",
    barman: true,
    role: "primary",
    joined: true,
    nodes: 3,
    others: [{ host: "b", name: "node2" }, { host: "c", name: "node3" }],
    streaming,
  });
  assert.equal(names, 'FIRST 3 ("barman_receive_wal", "node2", "node3")');
});
