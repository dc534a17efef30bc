import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Peer, ReachedPeer } from "./view.ts";
import { standbyPeer } from "../../../tests/support/peer.ts";
import { decideRecovery, longMs, patienceMs, type RecoveryView } from "./recovery.ts";

const peer = (host: string, nodeId: number, changes: Partial<ReachedPeer> = {}) =>
  standbyPeer(host, nodeId, { position: { timeline: 3, lsn: "0/5000000" }, ...changes });
const view = (changes: Partial<RecoveryView> = {}): RecoveryView => ({
  recoveringMs: patienceMs,
  systemIdentifier: "1",
  end: { timeline: 3, lsn: "0/5000000" },
  strict: false,
  paused: false,
  otherPartners: ["b", "c"],
  peers: [peer("b", 2), peer("c", 3)],
  ...changes,
});
const to = (v: RecoveryView) => {
  const plan = decideRecovery(v);
  return plan.do === "hand-over" ? plan.to : null;
};
const behind = { position: { timeline: 3, lsn: "0/4FFFFFF" } };

test("a standby that has all WAL leads after two seconds, not before", () => {
  assert.equal(to(view()), "b");
  assert.equal(to(view({ recoveringMs: patienceMs - 1 })), null);
  assert.equal(to(view({ peers: [peer("b", 2, behind), peer("c", 3)] })), "c");
});

test("a standby that is close leads after six seconds, but never in strict mode", () => {
  const peers = [peer("b", 2, behind), peer("c", 3, { position: { timeline: 3, lsn: "0/1000000" } })];
  assert.equal(to(view({ peers })), null);
  assert.equal(to(view({ peers, recoveringMs: longMs })), "b");
  assert.equal(to(view({ peers, recoveringMs: longMs * 100, strict: true })), null);
  assert.equal(to(view({ peers: [peers[1]!], recoveringMs: longMs * 100 })), null, "too far behind");
});

const unfit: [string, Peer][] = [
  ["silent", { host: "b", seen: "unreachable", error: "no answer" }],
  ["of another cluster", peer("b", 2, { systemIdentifier: "2" })],
  ["not a running standby", peer("b", 2, { role: "none" })],
  ["on another timeline", peer("b", 2, { position: { timeline: 2, lsn: "0/5000000" } })],
  ["without a position", peer("b", 2, { position: null })],
  ["not electable", peer("b", 2, { priority: 0 })],
  ["of the second level", peer("d", 4)],
];
for (const [name, other] of unfit) {
  test(`a node that is ${name} gets no hand-over`, () =>
    assert.equal(to(view({ peers: [other], recoveringMs: longMs })), null));
}

test("while failover is paused, there is no hand-over", () =>
  assert.equal(to(view({ paused: true, recoveringMs: longMs })), null));

test("in strict mode, the node that gets the hand-over has all of the WAL", () => {
  const lsn = fc.nat(2 ** 31).map((n) => `0/${n.toString(16).toUpperCase()}`);
  fc.assert(fc.property(lsn, lsn, lsn, fc.nat(100_000), (end, b, c, recoveringMs) => {
    const at = (text: string) => ({ position: { timeline: 3, lsn: text } });
    const peers = [peer("b", 2, at(b)), peer("c", 3, at(c))];
    const chosen = to(view({ peers, recoveringMs, strict: true, end: { timeline: 3, lsn: end } }));
    const value = (text: string) => parseInt(text.slice(2), 16);
    return chosen === null || value(chosen === "b" ? b : c) >= value(end);
  }));
});
