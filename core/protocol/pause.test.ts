// The newest order about automatic failover wins on every node, whatever the clocks say and in whatever order it spreads.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { neverPaused, newerPause, orderPause, type Pause } from "./pause.ts";

test("a resume wins over the pause before it, though the clock of the node that paused is ahead", () => {
  const pause = orderPause(true, [neverPaused], 9_000_000);
  const resume = orderPause(false, [pause], 1_000);
  assert.equal(newerPause(pause, resume), resume);
  assert.equal(newerPause(resume, pause), resume);
});

test("of two orders that were given apart under one number, failover stays on", () => {
  const on: Pause = { on: true, count: 3, atMs: 2 };
  const off: Pause = { ...on, on: false, atMs: 1 };
  assert.equal(newerPause(on, off).on, false);
  assert.equal(newerPause(off, on).on, false);
});

test("nodes agree in whatever order they hear of each other, and a new order is newer than all that it knew", () => {
  const pauses = fc.array(
    fc.record({ on: fc.boolean(), count: fc.nat(3), atMs: fc.nat(100) }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(fc.property(pauses, fc.boolean(), (known, on) => {
    const one = known.reduce(newerPause);
    const other = known.toReversed().reduce(newerPause);
    assert.deepEqual([one.on, one.count], [other.on, other.count]);
    const order = orderPause(on, known, 0);
    assert.equal(newerPause(one, order), order);
    assert.equal(newerPause(order, one), order);
  }));
});

test("no node that was away brings an order back: the last one that a majority took wins", () => {
  // each order meets another majority of three nodes; the third node keeps what it knew, and comes back at the end
  const steps = fc.array(fc.record({ on: fc.boolean(), away: fc.nat(2) }), { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(steps, (given) => {
    const nodes = [neverPaused, neverPaused, neverPaused];
    for (const { on, away } of given) {
      const here = [0, 1, 2].filter((i) => i !== away);
      const order = orderPause(on, here.map((i) => nodes[i]!), 0);
      for (const i of here) nodes[i] = newerPause(order, nodes[i]!);
    }
    assert.equal(nodes.reduce(newerPause).on, given.at(-1)!.on);
  }));
});
