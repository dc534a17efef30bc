// Whose data counts after a forced failover: a leadership of a majority that did not know of it overrules it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lostPeer, standbyPeer } from "../../../tests/support/peer.ts";
import { counting, withoutData } from "./counting.ts";
import {
  type EpochsView,
  type ForcedData,
  forceOfPrimary,
  isOverruled,
  ledByMajority,
  outranked,
  withOverruled,
} from "./overruled.ts";
import { reached, type ReachedPeer } from "./view.ts";

const force = { host: "a", above: 2, timelines: [18] };
const forced: ForcedData = { systemIdentifier: "1", timeline: 18, force, forced: true };
const followed = { ...forced, forced: false };
const led = (epoch: number, host = "b", changes = {}) => ({
  epoch,
  host,
  systemIdentifier: "1",
  partners: ["a", "b", "c"],
  ...changes,
});
const on = (timeline: number, changes: Partial<ReachedPeer> = {}) =>
  standbyPeer("b", 2, { position: { timeline, lsn: "0/5000000" }, ...changes });
const alone = { peers: [], leaderships: [], otherPartners: ["b", "c"], strict: false };
const overruled = (own: ForcedData, changes: Partial<EpochsView>) => isOverruled({ ...alone, own, ...changes });

test("a leadership that a majority has granted since the order overrules a force, that of the forced node does not", () => {
  for (const own of [forced, followed]) {
    assert.equal(overruled(own, {}), false);
    assert.equal(overruled(own, { leaderships: [led(3)] }), true);
    assert.equal(overruled(own, { leaderships: [led(2)] }), false, "the operator knew of it");
    assert.equal(overruled(own, { leaderships: [led(3, "a")] }), false);
    assert.equal(overruled(own, { leaderships: [led(3, "b", { alone: true })] }), false, "no majority granted it");
    assert.equal(overruled(own, { leaderships: [led(3, "b", { systemIdentifier: "2" })] }), false);
  }
  assert.equal(overruled({ ...forced, force: null }, { leaderships: [led(3)] }), false, "a majority has granted since");
});

test("so do data in sight that are on such a timeline, unless they are of a force themselves", () => {
  assert.equal(overruled(forced, { peers: [on(3)] }), true);
  assert.equal(overruled(forced, { peers: [on(2)] }), false);
  assert.equal(overruled(forced, { peers: [on(3, { force: { ...force, host: "c", timelines: [3] } })] }), false);
  assert.equal(
    overruled(forced, { peers: [on(3, { force: { host: "b", above: 3, timelines: [18] } })] }),
    true,
    "not yet on a timeline of it",
  );
  assert.equal(overruled(forced, { peers: [on(3, { systemIdentifier: "2" })] }), false);
});

test("a greater epoch ends the force of the forced node, and is only newer than the data of the others", () => {
  assert.equal(overruled(forced, { leaderships: [led(19)] }), true);
  assert.equal(overruled(followed, { leaderships: [led(19)] }), false);
  for (const own of [forced, followed]) {
    assert.equal(
      overruled(own, { leaderships: [led(18)] }),
      true,
      "a majority granted the same number to another node",
    );
  }
  assert.equal(overruled(forced, { peers: [on(18)] }), false, "it streams from the forced node");
});

test("overruled data does not count, if this node or its own node knows of it", () => {
  const own = { systemIdentifier: "1", timeline: 3, force: null, forced: false };
  const counts = (peer: ReachedPeer, changes: Partial<EpochsView> = {}) => {
    const peers = withOverruled({ ...alone, own: { ...own, timeline: 2 }, peers: [peer], ...changes });
    return counting({ everHadMajority: true, peers }, "1").length === 1;
  };
  assert.equal(counts(on(18, { force })), true);
  assert.equal(counts(on(18, { force }), { own }), false, "this node is on timeline 3");
  assert.equal(counts(on(18, { force }), { leaderships: [led(3, "c")] }), false);
  assert.equal(counts(on(18, { force, overruled: true })), false, "it says so itself");
  assert.equal(reached({ peers: withOverruled({ ...alone, own, peers: [on(3)] }) })[0]?.overruled, false);
});

test("a leadership of which no node has any data overrules nothing, except in strict mode", () => {
  const c = (changes: Partial<ReachedPeer> = {}) =>
    standbyPeer("c", 3, { position: { timeline: 1, lsn: "0/5000000" }, ...changes });
  const granted = { leaderships: [led(3)] };
  const older = [on(18, { force }), c()];
  for (const own of [forced, followed]) {
    assert.equal(overruled(own, { ...granted, peers: older }), false);
    assert.equal(overruled(own, { ...granted, peers: older, strict: true }), true);
    const blank = c({ hasCluster: false, role: "none", position: null, systemIdentifier: null });
    const copy = c({ position: { timeline: 3, lsn: "0/5000000" }, everHadMajority: false, wasPrimary: true });
    for (const none of [blank, copy]) assert.equal(overruled(own, { ...granted, peers: [older[0]!, none] }), false);
    const unknown = [c({ position: { timeline: 3, lsn: "0/5000000" } }), c({ position: null }), c({ certain: false })];
    for (const peer of [...unknown, c({ systemIdentifier: "2" }), lostPeer("c")]) {
      assert.equal(overruled(own, { ...granted, peers: [older[0]!, peer] }), true, JSON.stringify(peer));
    }
  }
  const twice = { leaderships: [led(3), led(18)] };
  assert.equal(overruled(followed, { ...twice, peers: older }), true, "the data on 18 may be of that leadership");
  const marked = withOverruled({
    ...alone,
    ...granted,
    own: followed,
    peers: [on(18, { force, overruled: true }), c()],
  });
  assert.deepEqual(reached({ peers: marked }).map((p) => p.overruled), [false, false]);
});

test("older data does not lead past data that was forced and is overruled", () => {
  const view = (timeline: number) => ({
    everHadMajority: true,
    otherPartners: ["a", "b"],
    peers: [on(18, { force, overruled: true })],
    position: { timeline, lsn: "0/5000000" },
  });
  assert.deepEqual(withoutData(view(2), "1"), [], "b may have all of epoch 2");
  assert.deepEqual(withoutData(view(3), "1"), ["b"], "epoch 3 has overruled it");
});

test("whatever was forced, it never outranks a timeline that a majority granted after the order", () => {
  const timelines = fc.tuple(
    fc.nat(50),
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 17, max: 80 }),
    fc.boolean(),
  );
  fc.assert(fc.property(timelines, ([above, later, skipped, flag]) => {
    const own = {
      ...forced,
      forced: flag,
      force: { host: "a", above, timelines: [above + skipped] },
      timeline: above + skipped,
    };
    const isOver = overruled(own, { leaderships: [led(above + later)] });
    assert.ok(isOver || above + later > own.timeline);
  }));
});

test("a primary of a majority in sight outranks a force whose order knew of its epoch", () => {
  const primary = { host: "b", systemIdentifier: "1", timeline: 2, history: null, origin: null };
  const ledBy = (changes: Partial<ReachedPeer>) =>
    ledByMajority({ primary, peers: [on(2, { role: "primary", held: true, ...changes })] });
  assert.equal(ledBy({}), 2);
  assert.equal(ledBy({ held: false }), null);
  assert.equal(ledBy({ forced: true }), null, "its own vote may be its only one");
  assert.equal(ledByMajority({ primary: { ...primary, host: "a" }, peers: [on(2, { held: true })] }), null);
  assert.deepEqual(outranked(force, 2), { ...force, above: 1 });
  assert.deepEqual(outranked(force, 19), force);
  assert.deepEqual([outranked(force, null), outranked(null, 2)], [force, null]);
  for (const own of [forced, followed]) {
    assert.equal(overruled({ ...own, force: outranked(force, 2) }, { peers: [on(2)] }), true, "nodes that followed it");
    assert.equal(overruled({ ...own, force: outranked(force, 2) }, { leaderships: [led(2)] }), true);
  }
});

test("the force of the primary in sight is found by its host", () => {
  const primary = { host: "b", systemIdentifier: "1", timeline: 18, history: null, origin: null };
  assert.deepEqual(forceOfPrimary({ primary, peers: [on(18, { force })] }), force);
  assert.equal(forceOfPrimary({ primary, peers: [on(18)] }), null);
  assert.equal(forceOfPrimary({ primary: null, peers: [on(18, { force })] }), null);
});
