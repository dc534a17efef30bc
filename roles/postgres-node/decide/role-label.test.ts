// Which label a pod is to have, and when it has it already.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lostPeer, standbyPeer } from "../../../tests/support/peer.ts";
import { changeFor, decideWish, type NodesSeen, readsLabel, roleLabel, type Wish } from "./role-label.ts";
import type { Peer, ReachedPeer } from "./view.ts";

const now = 100_000;
const seen = (peer: Peer | null, changes: Partial<NodesSeen> = {}): NodesSeen => ({
  self: "a",
  systemIdentifier: "1",
  peers: peer === null ? [] : [peer],
  servedMs: new Map(),
  sinceMs: 0,
  nowMs: now,
  ...changes,
});
const b = (changes: Partial<ReachedPeer> = {}) => standbyPeer("b", 2, changes);
const justLeads = { sinceMs: now - 1_000 };
const justServed = { servedMs: new Map([["b", now - 4_999]]) };

const cases: readonly [what: string, peer: Peer | null, changes: Partial<NodesSeen>, wish: Wish][] = [
  ["a standby that streams", b(), {}, "standby"],
  ["another that claims to be primary, although it served just now", b({ role: "primary" }), justServed, "none"],
  ["a node whose server is down, although it served just now", b({ role: "none" }), justServed, "none"],
  ["a standby of another cluster", b({ systemIdentifier: "2" }), justServed, "none"],
  ["a standby whose data a majority has overruled", b({ overruled: true }), {}, "none"],
  ["a standby that does not stream", b({ streaming: false }), {}, "none"],
  ["a standby that streamed just now", b({ streaming: false }), justServed, "stay"],
  ["a standby that streamed 5 s ago", b({ streaming: false }), { servedMs: new Map([["b", now - 5_000]]) }, "none"],
  ["a standby that does not stream yet from a new primary", b({ streaming: false }), justLeads, "stay"],
  ["a node that does not answer", lostPeer("b"), {}, "none"],
  ["a node that has answered just now", lostPeer("b"), justServed, "stay"],
  ["a node that does not answer a new primary", lostPeer("b"), justLeads, "stay"],
  ["a node that is not known", null, {}, "none"],
];

for (const [what, peer, changes, wish] of cases) {
  test(`decideWish(): ${what}: ${wish}`, () => assert.equal(decideWish("b", seen(peer, changes)), wish));
}

test("decideWish() calls nobody but this node primary, whatever the others say", () => {
  const peer = fc.record({
    role: fc.constantFrom<ReachedPeer["role"]>("primary", "standby", "none", "unknown"),
    streaming: fc.boolean(),
    held: fc.boolean(),
    overruled: fc.boolean(),
  });
  fc.assert(fc.property(peer, fc.boolean(), (changes, fresh) => {
    const view = seen(b(changes), fresh ? justLeads : {});
    assert.notEqual(decideWish("b", view), "primary");
    assert.equal(decideWish("a", view), "primary");
  }));
});

const primary = { [roleLabel]: "primary", [readsLabel]: "true" } as const;
const standby = { [roleLabel]: "standby", [readsLabel]: "true" } as const;
const none = { [roleLabel]: null, [readsLabel]: null } as const;

test("changeFor() changes what is wrong, and nothing that is right", () => {
  const other = { system: "mysystem" };
  assert.deepEqual(changeFor("primary", other), primary);
  assert.deepEqual(changeFor("standby", { ...other, ...primary }), standby);
  assert.deepEqual(changeFor("none", { ...other, ...standby }), none);
  assert.deepEqual(changeFor("none", { [readsLabel]: "true" }), none);
  assert.deepEqual(changeFor("primary", { [roleLabel]: "primary" }), primary);
  for (const [wish, has] of [["primary", primary], ["standby", standby], ["stay", standby]] as const) {
    assert.equal(changeFor(wish, { ...other, ...has }), null);
  }
  assert.equal(changeFor("none", other), null);
});

test("changeFor(): for a moment a standby stays one, and a former primary never stays what it was", () => {
  assert.equal(changeFor("stay", standby), null);
  assert.equal(changeFor("stay", {}), null);
  assert.deepEqual(changeFor("stay", primary), none);
});
