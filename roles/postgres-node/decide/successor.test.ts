import assert from "node:assert/strict";
import { test } from "node:test";
import type { Peer, ReachedPeer } from "./view.ts";
import { standbyPeer } from "../../../tests/support/peer.ts";
import { decideSuccessor, type SuccessionView } from "./successor.ts";

const peer = (host: string, nodeId: number, changes: Partial<ReachedPeer> = {}) =>
  standbyPeer(host, nodeId, { position: { timeline: 3, lsn: "0/5000000" }, uptimeSeconds: 3_600, ...changes });
const lost: Peer = { host: "b", seen: "unreachable", error: "no answer" };

const view = (changes: Partial<SuccessionView> = {}): SuccessionView => ({
  self: { host: "a", uptimeSeconds: 3_600 },
  systemIdentifier: "1",
  position: { timeline: 3, lsn: "0/5000000" },
  otherPartners: ["b", "c"],
  peers: [peer("b", 2), peer("c", 3)],
  wanted: null,
  ...changes,
});

test("the standby with the highest priority leads next, then the most advanced, then the one with the lowest id", () => {
  const behind = { position: { timeline: 3, lsn: "0/4000000" } };
  assert.deepEqual(decideSuccessor(view()), { to: "b" });
  assert.deepEqual(decideSuccessor(view({ peers: [peer("b", 2), peer("c", 3, { priority: 200 })] })), { to: "c" });
  assert.deepEqual(decideSuccessor(view({ peers: [peer("b", 2, behind), peer("c", 3)] })), { to: "c" });
  const preferred = peer("b", 2, { ...behind, priority: 200 });
  assert.deepEqual(decideSuccessor(view({ peers: [preferred, peer("c", 3)] })), { to: "b" });
});

test("a node that was restarted after this primary comes before one that is still to be restarted", () => {
  const [restarted, preferred] = [{ uptimeSeconds: 20 }, { priority: 200 }];
  assert.deepEqual(decideSuccessor(view({ peers: [peer("b", 2), peer("c", 3, restarted)] })), { to: "c" });
  assert.deepEqual(decideSuccessor(view({ peers: [peer("b", 2, preferred), peer("c", 3, restarted)] })), { to: "b" });
  const together = [peer("b", 2, { uptimeSeconds: 3_605 }), peer("c", 3, { uptimeSeconds: 3_595 })];
  assert.deepEqual(decideSuccessor(view({ peers: together })), { to: "b" });
});

test("of a node that was restarted, it does not count what it lacked when it was seen", () => {
  const written = { position: { timeline: 3, lsn: "0/5F00000" } };
  const seenEarlier = peer("b", 2, { uptimeSeconds: 20 });
  assert.deepEqual(decideSuccessor(view({ ...written, peers: [seenEarlier, peer("c", 3, written)] })), { to: "b" });
});

const unfit: [string, Peer, RegExp][] = [
  ["unreachable", lost, /b does not answer/],
  ["of another cluster", peer("b", 2, { systemIdentifier: "2" }), /another cluster/],
  ["not running", peer("b", 2, { role: "none" }), /is not a running standby/],
  ["not streaming", peer("b", 2, { streaming: false }), /does not stream/],
  ["streaming from elsewhere", peer("b", 2, { upstream: "c" }), /does not stream/],
  ["on another timeline", peer("b", 2, { position: { timeline: 2, lsn: "0/5000000" } }), /another timeline/],
  ["far behind", peer("b", 2, { position: { timeline: 3, lsn: "0/3000000" } }), /is \d+\.\d MB behind/],
];
for (const [what, candidate, why] of unfit) {
  test(`a standby that is ${what} does not lead, asked for or not`, () => {
    assert.deepEqual(decideSuccessor(view({ peers: [candidate, peer("c", 3)] })), { to: "c" });
    const refused = decideSuccessor(view({ peers: [candidate, peer("c", 3)], wanted: "b" }));
    assert.match("none" in refused ? refused.none : "", why);
    const nobody = decideSuccessor(view({ peers: [candidate], otherPartners: ["b"] }));
    assert.match("none" in nobody ? nobody.none : "", why);
  });
}

test("an operator gets the node asked for, also against priorities, but no node of the second level and not the primary", () => {
  const peers = [peer("b", 2), peer("c", 3, { priority: 0 }), peer("d", 4)];
  assert.deepEqual(decideSuccessor(view({ peers, wanted: "c" })), { to: "c" });
  assert.match(JSON.stringify(decideSuccessor(view({ peers, wanted: "d" }))), /not in PARTNER_NODES/);
  assert.match(JSON.stringify(decideSuccessor(view({ peers, wanted: "a" }))), /primary already/);
});

test("priority 0 leads only where it is asked for", () => {
  const refused = decideSuccessor(view({ peers: [peer("b", 2, { priority: 0 })], otherPartners: ["b"] }));
  assert.match("none" in refused ? refused.none : "", /NODE_PRIORITY 0/);
});
