// Tests of what the agent does with pgpool: writes go to one backend only, nothing is guessed, and healthy pools are not changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decidePool, inService, isAttached, type PoolNode, type PoolView, servesPrimary } from "./pool.ts";
import { firstAttachMs, hungMs, lostMs, startPatienceMs, upAtStart } from "./pool.ts";
import type { BackendTruth } from "./truth.ts";

const ms = fc.integer({ min: 0, max: 120_000 });
const arbitraryTruth: fc.Arbitrary<BackendTruth> = fc.oneof(
  fc.record({
    is: fc.constant("standby" as const),
    caughtUp: fc.boolean(),
    farBehind: fc.boolean(),
    stale: fc.boolean(),
  }),
  fc.record({ is: fc.constantFrom("false-primary" as const, "foreign" as const) }),
  fc.record({ is: fc.constantFrom("down" as const, "unclear" as const), forMs: ms }),
  fc.record({ is: fc.constant("unseen" as const), postgresAnswers: fc.boolean(), forMs: ms }),
);
const arbitraryNode = fc.record({
  status: fc.constantFrom<PoolNode["status"]>("up", "down", "waiting"),
  role: fc.constantFrom<PoolNode["role"]>("primary", "standby"),
});
const arbitraryView: fc.Arbitrary<PoolView> = fc.record({
  truths: fc.array(arbitraryTruth, { minLength: 1, maxLength: 5 }),
  nodes: fc.array(arbitraryNode, { minLength: 5, maxLength: 5 }),
  primary: fc.option(fc.nat(4)),
  asked: fc.boolean(),
  blindMs: ms,
  runningMs: ms,
  startedFor: fc.option(fc.nat(4)),
  served: fc.boolean(),
  bounded: fc.boolean(),
  detached: fc.uniqueArray(fc.nat(4)).map((ids) => new Set(ids)),
  startsInARow: fc.integer({ min: 0, max: 20 }),
}).map(({ truths, nodes, primary: at, asked, ...rest }) => {
  const primary = at === null ? null : at % truths.length;
  const truth = truths.map((t, id): [number, BackendTruth] => [id, id === primary ? { is: "primary" } : t]);
  const pool = asked ? truths.map((_, id) => ({ id, ...nodes[id]! })) : null;
  return { ...rest, truth: new Map(truth), primary, pool, blindMs: asked ? 0 : rest.blindMs };
});

const base: PoolView = {
  truth: new Map<number, BackendTruth>([[0, { is: "primary" }], [1, {
    is: "standby",
    caughtUp: true,
    farBehind: false,
    stale: false,
  }]]),
  primary: 0,
  pool: [{ id: 0, status: "up", role: "primary" }, { id: 1, status: "up", role: "standby" }],
  blindMs: 0,
  runningMs: 60_000,
  startedFor: 0,
  served: true,
  bounded: false,
  detached: new Set(),
  startsInARow: 0,
};
const withBackend = (truth: BackendTruth, status: PoolNode["status"] = "up"): PoolView => ({
  ...base,
  truth: new Map([...base.truth, [1, truth]]),
  pool: [base.pool![0]!, { id: 1, status, role: "standby" }],
});

test("a pool that agrees with the nodes is not changed", () => {
  assert.deepEqual(decidePool(base), []);
});

test("no action ever attaches a false primary, a foreign or a lost backend", () => {
  fc.assert(fc.property(arbitraryView, (view) => {
    const added = decidePool(view).flatMap((a) => a.do === "restart" ? a.up : a.do === "attach" ? [a.id] : []);
    return added.every((id) => ["primary", "standby"].includes(view.truth.get(id)!.is));
  }));
});

test("a pgpool that served or was started for another primary is restarted at once, with the primary up", () => {
  fc.assert(fc.property(arbitraryView, (view) => {
    if (view.primary === null || view.pool === null || !view.served) return true;
    const [first] = decidePool(view);
    const wrong = !servesPrimary(view.pool, view.primary) || view.startedFor !== view.primary;
    return wrong === (first?.do === "restart") && (first?.do !== "restart" || first.up.includes(view.primary));
  }));
});

test("pgpool starts with the primary as its first backend, where sessions begin before pgpool knows its primary", () => {
  fc.assert(
    fc.property(
      arbitraryView,
      (view) =>
        decidePool(view).every((a) =>
          a.do !== "restart" || view.primary === null || Math.min(...a.up) === view.primary
        ),
    ),
  );
  const standby = { is: "standby", caughtUp: true, farBehind: false, stale: false } as const;
  const truth = new Map<number, BackendTruth>([[0, standby], [1, { is: "primary" }], [2, standby]]);
  assert.deepEqual(upAtStart(truth, 1), [1, 2]);
  assert.deepEqual(upAtStart(truth, null), [0, 1, 2]);
});

test("while no primary is in sight the pool keeps its own, and no backend is attached", () => {
  fc.assert(fc.property(arbitraryView, (view) => {
    if (view.primary !== null || view.pool === null) return true;
    return decidePool(view).every((a) =>
      a.do === "detach" && view.pool!.find((n) => n.id === a.id)?.role !== "primary"
    );
  }));
});

test("the primary is never detached, nor is a backend that is not attached", () => {
  fc.assert(fc.property(arbitraryView, (view) =>
    decidePool(view).every((a) => {
      const node = a.do === "restart" ? undefined : view.pool?.find((n) => n.id === a.id);
      if (a.do === "detach") return a.id !== view.primary && node !== undefined && isAttached(node);
      return a.do !== "attach" || node?.status === "down";
    })));
});

test("a backend whose PostgreSQL answers stays although its agent is silent", () => {
  assert.deepEqual(decidePool(withBackend({ is: "unseen", postgresAnswers: true, forMs: 600_000 })), []);
  assert.deepEqual(decidePool(withBackend({ is: "unseen", postgresAnswers: false, forMs: lostMs - 1 })), []);
  const [action] = decidePool(withBackend({ is: "unseen", postgresAnswers: false, forMs: lostMs }));
  assert.equal(action?.do, "detach");
});

test("a standby that came back is attached once it has caught up", () => {
  assert.deepEqual(
    decidePool(withBackend({ is: "standby", caughtUp: false, farBehind: false, stale: false }, "down")),
    [],
  );
  const back = withBackend({ is: "standby", caughtUp: true, farBehind: false, stale: false }, "down");
  assert.equal(decidePool(back)[0]?.do, "attach");
  assert.deepEqual(decidePool({ ...back, runningMs: firstAttachMs - 1 }), [], "clients come first after a start");
  assert.deepEqual(decidePool(withBackend({ is: "standby", caughtUp: false, farBehind: false, stale: false })), []);
  assert.deepEqual(inService(withBackend({ is: "standby", caughtUp: false, farBehind: false, stale: false }).truth), [
    0,
  ]);
});

test("a standby that pgpool has marked as up by itself is detached, and then attached", () => {
  const standby = { is: "standby", caughtUp: true, farBehind: false, stale: false } as const;
  const back = { ...withBackend(standby), detached: new Set([1]) };
  assert.deepEqual(decidePool(back).map((a) => a.do), ["detach"]);
  assert.deepEqual(decidePool({ ...withBackend(standby, "down"), detached: new Set([1]) }).map((a) => a.do), [
    "attach",
  ]);
  assert.deepEqual(decidePool(withBackend(standby)), []);
});

test("a pgpool that does not answer counts as hanging after a while, not at its first silence", () => {
  assert.deepEqual(decidePool({ ...base, pool: null, blindMs: hungMs - 1 }), []);
  assert.equal(decidePool({ ...base, pool: null, blindMs: hungMs })[0]?.do, "restart");
});

test("a started pgpool gets time to find its primary, more each time, unless the primary changes meanwhile", () => {
  const started: PoolView = {
    ...base,
    served: false,
    startsInARow: 2,
    pool: [{ id: 0, status: "up", role: "standby" }],
  };
  assert.deepEqual(decidePool({ ...started, runningMs: startPatienceMs(2) - 1 }), []);
  assert.equal(decidePool({ ...started, runningMs: startPatienceMs(2) })[0]?.do, "restart");
  assert.equal(decidePool({ ...started, runningMs: 0, startedFor: 1 })[0]?.do, "restart");
  assert.ok(startPatienceMs(3) > startPatienceMs(2) && startPatienceMs(1000) === 60_000);
});

test("in partially-strict mode a standby that is far behind gets no reads, in eventual mode it does", () => {
  const far = withBackend({ is: "standby", caughtUp: false, farBehind: true, stale: false });
  assert.deepEqual(decidePool({ ...far, bounded: true }).map((a) => [a.do, "id" in a && a.id]), [["detach", 1]]);
  assert.deepEqual(decidePool(far), []);
  const behind = withBackend({ is: "standby", caughtUp: false, farBehind: false, stale: false });
  assert.deepEqual(decidePool({ ...behind, bounded: true }), [], "attached stays, until it is far behind");
});

test("a standby that does not follow the primary gets no reads in any mode, until it follows again", () => {
  const stale = { is: "standby", caughtUp: true, farBehind: false, stale: true } as const;
  assert.deepEqual(decidePool(withBackend(stale)).map((a) => [a.do, "id" in a && a.id]), [["detach", 1]]);
  assert.deepEqual(decidePool(withBackend(stale, "down")), []);
  assert.deepEqual(inService(withBackend(stale).truth), [0]);
});
