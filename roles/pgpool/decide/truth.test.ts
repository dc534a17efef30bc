// Tests of what the backends are: at most one primary, and nothing is assumed of an agent that is out of sight.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { attachLagBytes, type BackendReport, decideTruth, type NodeSeen, staleMs } from "./truth.ts";

function node(id: number, said: Partial<BackendReport> | null): NodeSeen {
  const host = `n${id}`;
  const report: BackendReport | null = said && {
    host,
    nodeId: id,
    role: "standby",
    timeline: 1,
    systemIdentifier: "7",
    licensed: true,
    forced: false,
    held: false,
    everHadMajority: true,
    standbys: 0,
    streaming: true,
    lagBytes: 0,
    follows: true,
    lsn: null,
    replayLsn: null,
    ...said,
  };
  return { id, host, report, postgresAnswers: false, forMs: 0 };
}

const arbitraryNodes = fc.array(
  fc.option(fc.record({
    role: fc.constantFrom<BackendReport["role"]>("primary", "standby", "none", "unknown"),
    timeline: fc.integer({ min: 1, max: 3 }),
    systemIdentifier: fc.constantFrom("7", "7", "8"),
    streaming: fc.boolean(),
    lagBytes: fc.option(fc.integer({ min: 0, max: 2 * attachLagBytes })),
    follows: fc.boolean(),
  })),
  { maxLength: 5 },
).map((all) => all.map((said, id) => node(id, said)));

test("at most one backend is the primary, and it says so itself", () => {
  fc.assert(fc.property(arbitraryNodes, (nodes) => {
    const truth = decideTruth(nodes, null);
    const primaries = [...truth.backends].filter(([, t]) => t.is === "primary").map(([id]) => id);
    if (truth.primary === null) return primaries.length === 0 && truth.whyNone !== "";
    return primaries.length === 1 && primaries[0] === truth.primary &&
      nodes[truth.primary]?.report?.role === "primary";
  }));
});

test("the known primary never goes back to an older timeline", () => {
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

test("a backend whose agent is out of sight is unseen, whatever was known", () => {
  const truth = decideTruth([node(0, null), node(1, { role: "primary" })], null);
  assert.equal(truth.backends.get(0)?.is, "unseen");
  assert.equal(truth.primary, 1);
});

test("a thawed old primary is a false primary, even while the new one does not answer", () => {
  const first = decideTruth([node(0, null), node(1, { role: "primary", timeline: 2 })], null);
  const truth = decideTruth([node(0, { role: "primary", timeline: 1 }), node(1, null)], first.known);
  assert.equal(truth.primary, null);
  assert.equal(truth.backends.get(0)?.is, "false-primary");
  assert.match(truth.whyNone, /timeline 2 exists/);
  assert.deepEqual(truth.known, first.known, "a turn without a primary forgets nothing");
});

test("a node of another cluster is foreign; a standby that is too far behind has not caught up", () => {
  const nodes = [
    node(0, { role: "primary" }),
    node(1, { systemIdentifier: "8" }),
    node(2, { lagBytes: attachLagBytes + 1 }),
  ];
  const { backends } = decideTruth(nodes, null);
  assert.equal(backends.get(1)?.is, "foreign");
  assert.deepEqual(backends.get(2), { is: "standby", caughtUp: false, farBehind: false, stale: false });
});

test("the primary's report decides how far behind a standby is, even if the standby has not received that WAL", () => {
  const primary = node(0, { role: "primary", lsn: "0/8000000" });
  const cut = decideTruth([primary, node(1, { replayLsn: "0/1000000", lagBytes: 0 })], null);
  assert.deepEqual(cut.backends.get(1), { is: "standby", caughtUp: false, farBehind: true, stale: false });
  const near = decideTruth([primary, node(1, { replayLsn: "0/7F00000", lagBytes: 0 })], null);
  assert.deepEqual(near.backends.get(1), { is: "standby", caughtUp: true, farBehind: false, stale: false });
});

test("a lag that is not known is not 0: such a standby has not caught up with the primary that is there", () => {
  const unknown = node(1, { lagBytes: null, follows: false });
  const beside = decideTruth([node(0, { role: "primary" }), unknown], null);
  assert.deepEqual(beside.backends.get(1), { is: "standby", caughtUp: false, farBehind: false, stale: false });
  const alone = decideTruth([unknown], null);
  assert.deepEqual(alone.backends.get(1), { is: "standby", caughtUp: true, farBehind: false, stale: false });
});

test("a standby that has not followed the primary for a while is stale; without a primary none is", () => {
  const cut = { ...node(1, { follows: false }), forMs: staleMs };
  const primary = node(0, { role: "primary" });
  const isStale = (nodes: NodeSeen[]) => {
    const truth = decideTruth(nodes, null).backends.get(1);
    return truth?.is === "standby" && truth.stale;
  };
  assert.equal(isStale([primary, cut]), true);
  assert.equal(isStale([primary, { ...cut, forMs: staleMs - 1 }]), false);
  assert.equal(isStale([primary, { ...node(1, {}), forMs: staleMs }]), false);
  assert.equal(isStale([cut]), false);
});
