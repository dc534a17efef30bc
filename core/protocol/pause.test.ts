// The newest order about automatic failover wins on every node, whatever the clocks say and in whatever order it spreads.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { neverPaused, newerPause, orderPause, type Pause } from "./pause.ts";

const later = { term: 5, wallMs: 1_000 };

test("a resume wins over the pause before it, though the clock of the node that paused is ahead", () => {
  const pause = orderPause(true, [neverPaused], { term: 5, wallMs: 9_000_000 });
  const resume = orderPause(false, [pause], later);
  assert.equal(newerPause(pause, resume), resume);
  assert.equal(newerPause(resume, pause), resume);
});

test("a node that was away at the resume does not bring the pause back", () => {
  const pause = orderPause(true, [neverPaused], later);
  const resume = orderPause(false, [pause, neverPaused], later);
  assert.equal([neverPaused, pause, resume].reduce(newerPause).on, false);
});

test("an order under a newer term wins over any count of an older one", () => {
  const many = { on: true, term: 5, count: 40, atMs: 0 };
  assert.equal(newerPause(many, orderPause(false, [neverPaused], { term: 6, wallMs: 0 })).on, false);
});

test("of two orders that were given apart under one number, failover stays on", () => {
  const on: Pause = { on: true, term: 5, count: 3, atMs: 2 };
  const off: Pause = { ...on, on: false, atMs: 1 };
  assert.equal(newerPause(on, off).on, false);
  assert.equal(newerPause(off, on).on, false);
});

test("nodes agree in whatever order they hear of each other, and a new order is newer than all that it knew", () => {
  const pauses = fc.array(
    fc.record({ on: fc.boolean(), term: fc.nat(3), count: fc.nat(3), atMs: fc.nat(100) }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(fc.property(pauses, fc.boolean(), fc.nat(3), (known, on, term) => {
    const one = known.reduce(newerPause);
    const other = known.toReversed().reduce(newerPause);
    assert.deepEqual([one.on, one.term, one.count], [other.on, other.term, other.count]);
    const order = orderPause(on, known, { term, wallMs: 0 });
    assert.equal(newerPause(one, order), order);
    assert.equal(newerPause(order, one), order);
  }));
});
