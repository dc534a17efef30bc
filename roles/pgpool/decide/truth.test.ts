// Tests of the truth about the backends: one primary at most, nothing taken from an agent that is out of sight.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodeStatus } from "../../../core/protocol/status.ts";
import { attachLagBytes, decideTruth, type NodeSeen } from "./truth.ts";

interface Said {
  role: NodeStatus["postgres"]["role"];
  timeline: number;
  systemIdentifier: string;
  streaming: boolean;
  lagBytes: number | null;
  lsn: string | null;
  replayLsn: string | null;
}

function node(id: number, said: Partial<Said> | null): NodeSeen {
  const positions = { lagBytes: 0, lsn: null, replayLsn: null };
  const s: Said = { role: "standby", timeline: 1, systemIdentifier: "7", streaming: true, ...positions, ...said };
  const upstream = s.role === "standby" ? { host: "x", port: 5432, streaming: s.streaming } : null;
  const postgres = { ...s, upstream, downstream: [] };
  const status = said === null ? null : { node: { id }, postgres, lease: { mode: "off" } } as unknown as NodeStatus;
  return { id, host: `n${id}`, status, postgresAnswers: false, forMs: 0 };
}

const arbitraryNodes = fc.array(
  fc.option(fc.record({
    role: fc.constantFrom<Said["role"]>("primary", "standby", "none", "unknown"),
    timeline: fc.integer({ min: 1, max: 3 }),
    systemIdentifier: fc.constantFrom("7", "7", "8"),
    streaming: fc.boolean(),
    lagBytes: fc.option(fc.integer({ min: 0, max: 2 * attachLagBytes })),
  })),
  { maxLength: 5 },
).map((all) => all.map((said, id) => node(id, said)));

test("at most one backend is the primary, and it says so itself", () => {
  fc.assert(fc.property(arbitraryNodes, (nodes) => {
    const truth = decideTruth(nodes, null);
    const primaries = [...truth.backends].filter(([, t]) => t.is === "primary").map(([id]) => id);
    if (truth.primary === null) return primaries.length === 0 && truth.whyNone !== "";
    return primaries.length === 1 && primaries[0] === truth.primary &&
      nodes[truth.primary]?.status?.postgres.role === "primary";
  }));
});

test("what is known of the primary never goes back to an older timeline", () => {
  fc.assert(fc.property(fc.array(arbitraryNodes, { maxLength: 5 }), (turns) => {
    let known = decideTruth([], null).known;
    return turns.every((nodes) => {
      const next = decideTruth(nodes, known).known;
      const back = known !== null && next?.systemIdentifier === known.systemIdentifier &&
        next.timeline < known.timeline;
      known = next;
      return !back;
    });
  }));
});

test("an agent out of sight leaves its backend unseen, whatever was known", () => {
  const truth = decideTruth([node(0, null), node(1, { role: "primary" })], null);
  assert.equal(truth.backends.get(0)?.is, "unseen");
  assert.equal(truth.primary, 1);
});

test("the thawed old primary is false, also at a moment when the new one does not answer", () => {
  const first = decideTruth([node(0, null), node(1, { role: "primary", timeline: 2 })], null);
  const truth = decideTruth([node(0, { role: "primary", timeline: 1 }), node(1, null)], first.known);
  assert.equal(truth.primary, null);
  assert.equal(truth.backends.get(0)?.is, "false-primary");
  assert.match(truth.whyNone, /timeline 2 exists/);
  assert.deepEqual(truth.known, first.known, "a turn without a primary forgets nothing");
});

test("a node of another cluster is foreign; one that is too far behind has not caught up", () => {
  const nodes = [
    node(0, { role: "primary" }),
    node(1, { systemIdentifier: "8" }),
    node(2, { lagBytes: attachLagBytes + 1 }),
  ];
  const { backends } = decideTruth(nodes, null);
  assert.equal(backends.get(1)?.is, "foreign");
  assert.deepEqual(backends.get(2), { is: "standby", caughtUp: false, farBehind: false });
});

test("how far behind a standby is, the primary's word says, also where the standby has not heard of it", () => {
  const primary = node(0, { role: "primary", lsn: "0/8000000" });
  const cut = decideTruth([primary, node(1, { replayLsn: "0/1000000", lagBytes: 0 })], null);
  assert.deepEqual(cut.backends.get(1), { is: "standby", caughtUp: false, farBehind: true });
  const near = decideTruth([primary, node(1, { replayLsn: "0/7F00000", lagBytes: 0 })], null);
  assert.deepEqual(near.backends.get(1), { is: "standby", caughtUp: true, farBehind: false });
});
