// Tests of which node barman follows.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodeReport } from "../../../core/protocol/choose-primary.ts";
import { decideFollow, type FollowView, hostsToAsk, type NodeAsked } from "./follow.ts";

interface Made {
  role?: NodeReport["role"];
  timeline?: number;
  systemIdentifier?: string | null;
  registered?: string[] | null;
  licensed?: boolean;
  /** it does not know that a majority has joined */
  restored?: boolean;
  /** it streams from an upstream */
  streams?: boolean;
  /** the name that the node has for itself */
  own?: string;
}

function reached(host: string, id: number, made: Made = {}): NodeAsked {
  const report: NodeReport = {
    host,
    nodeId: id,
    role: made.role ?? "standby",
    timeline: made.timeline ?? 1,
    systemIdentifier: made.systemIdentifier === undefined ? "42" : made.systemIdentifier,
    licensed: made.licensed ?? true,
    forced: false,
    held: false,
    everHadMajority: !made.restored,
    standbys: 0,
    streaming: made.streams ?? false,
  };
  return { host, seen: "reached", report, ownHost: made.own ?? host, registered: made.registered ?? null };
}
const silent = (host: string): NodeAsked => ({ host, seen: "unreachable", error: "timed out" });
const view = (peers: NodeAsked[], change: Partial<FollowView> = {}): FollowView => ({
  peers,
  direct: [],
  inUse: null,
  systemIdentifier: "42",
  ...change,
});

test("it follows the node that says it is primary", () => {
  const decision = decideFollow(view([reached("a", 1), reached("b", 2, { role: "primary" }), silent("c")]));
  assert.ok(decision.do === "follow");
  assert.equal(decision.host, "b");
});

test("of two primaries it follows the one on the higher timeline, whichever node it followed before", () => {
  const peers = [reached("a", 1, { role: "primary" }), reached("b", 2, { role: "primary", timeline: 2 })];
  const decision = decideFollow(view(peers, { inUse: "a" }));
  assert.ok(decision.do === "follow");
  assert.equal(decision.host, "b");
});

test("a false primary that standbys have left for a newer timeline is not followed", () => {
  const left = reached("b", 2, { timeline: 2, streams: true });
  assert.equal(decideFollow(view([reached("a", 1, { role: "primary" }), left])).do, "wait");
});

test("a primary that knows of no majority is not followed where a standby of its cluster does", () => {
  const copy = reached("n3", 3, { role: "primary", timeline: 5, restored: true });
  const knowing = { timeline: 5, streams: true };
  const decision = decideFollow(view([silent("n1"), reached("n2", 2, knowing), copy], { inUse: "n1" }));
  assert.ok(decision.do === "wait");
  assert.match(decision.because, /^n3 is a false primary: it does not know that a majority/);
  for (const systemIdentifier of ["43", null]) {
    const other = reached("n2", 2, { ...knowing, systemIdentifier });
    assert.equal(decideFollow(view([other, copy])).do, "follow", "that node says nothing of this cluster");
  }
  const first = reached("n2", 2, { ...knowing, restored: true });
  assert.equal(decideFollow(view([first, copy])).do, "follow", "no majority has joined yet");
});

test("only primaries are named as such, each with the reason why it is not followed", () => {
  const left = reached("n1", 1, { role: "primary", timeline: 4 });
  const unlicensed = reached("n3", 3, { role: "primary", timeline: 5, licensed: false });
  const standby = reached("n2", 2, { timeline: 5, streams: true });
  const decision = decideFollow(view([left, standby, unlicensed]));
  assert.ok(decision.do === "wait");
  assert.match(decision.because, /^n1 is a false primary: standbys stream .*; n3 is a false primary: it does not hold/);
  const led = decideFollow(view([standby, reached("n4", 4, { role: "primary", timeline: 5 }), unlicensed]));
  assert.ok(led.do === "follow");
  assert.equal(led.because, "it says it is primary on timeline 5; n3 also says so, but ranks lower");
});

test("a node with two hosts keeps the one in use", () => {
  const peers = [reached("a", 1, { role: "primary" }), reached("10.0.0.1", 1, { role: "primary" })];
  for (const inUse of ["a", "10.0.0.1"]) {
    const decision = decideFollow(view(peers, { inUse }));
    assert.ok(decision.do === "follow");
    assert.equal(decision.host, inUse);
  }
});

test("a primary of another cluster is never followed", () => {
  const foreign = reached("a", 1, { role: "primary", systemIdentifier: "43" });
  assert.equal(decideFollow(view([foreign])).do, "wait");
  const direct = [{ host: "a", timeline: 1, systemIdentifier: "43" }];
  assert.equal(decideFollow(view([silent("a")], { direct })).do, "wait");
});

test("while no agent answers, a primary found over SQL is followed; once an agent answers, only agents count", () => {
  const direct = [{ host: "a", timeline: 1, systemIdentifier: "42" }, {
    host: "b",
    timeline: 3,
    systemIdentifier: "42",
  }];
  const decision = decideFollow(view([silent("a"), silent("b")], { direct }));
  assert.ok(decision.do === "follow");
  assert.equal(decision.host, "b");
  assert.equal(decideFollow(view([silent("a"), reached("b", 2)], { direct })).do, "wait");
});

test("nothing is guessed: a node that is followed has been seen as a primary", () => {
  const role = fc.constantFrom<NodeReport["role"]>("primary", "standby", "none", "unknown");
  const node = fc.record({ role, timeline: fc.integer({ min: 1, max: 3 }), seen: fc.boolean() });
  fc.assert(fc.property(fc.array(node, { maxLength: 5 }), fc.constantFrom(null, "n0", "n1"), (nodes, inUse) => {
    const peers = nodes.map((n, i) => n.seen ? reached(`n${i}`, i, n) : silent(`n${i}`));
    const decision = decideFollow(view(peers, { inUse }));
    const claims = nodes.flatMap((n, i) => n.seen && n.role === "primary" ? [`n${i}`] : []);
    return decision.do === "follow" ? claims.includes(decision.host) : claims.length === 0;
  }));
});

test("hosts are learned from repmgr.nodes, and forgotten once they are no longer registered", () => {
  const peers = [reached("db", 1, { own: "a", registered: ["a", "b"] }), silent("old")];
  assert.deepEqual(hostsToAsk(["db"], ["db", "old", "b"], peers), ["db", "b"]);
});

test("known hosts are kept while no node answers", () => {
  assert.deepEqual(hostsToAsk(["a"], ["a", "b"], [silent("a"), silent("b")]), ["a", "b"]);
  assert.deepEqual(hostsToAsk(["a"], ["b"], [reached("a", 1, { registered: null })]), ["a", "b"]);
});
