// What a node remembers: that a majority has joined once, and the newest order to pause or resume.
import assert from "node:assert/strict";
import { test } from "node:test";
import { says } from "../../../tests/support/fake-cluster.ts";
import { standbyPeer } from "../../../tests/support/peer.ts";
import type { NodeStatus } from "../../../core/protocol/status.ts";
import { decideMemory, type MemoryView } from "./memory.ts";
import type { Peer } from "./view.ts";

function peer(
  host: string,
  status: NodeStatus = says(host),
  change: Partial<Extract<Peer, { seen: "reached" }>> = {},
): Peer {
  const { id: nodeId, name } = status.node;
  const base = { systemIdentifier: "7", position: null, everHadMajority: false, upstream: "pg1" };
  return standbyPeer(host, nodeId, { name, ...base, ...change });
}
const view: MemoryView = {
  nodeId: 1,
  systemIdentifier: "7",
  role: "primary",
  otherPartners: ["pg2", "pg3"],
  configuredUpstream: null,
  primary: null,
  peers: [peer("pg2"), { seen: "unreachable", host: "pg3", error: "timed out" }],
  leaseInForce: true,
  streaming: false,
  upstream: null,
  held: true,
  lawful: true,
  timeline: 4,
  strict: false,
  waitsFor: "ANY 1 (pg2, pg3)",
  syncSince: null,
  hosts: ["pg3", "pg2"],
  before: {
    everHadMajority: false,
    paused: { on: false, count: 0, atMs: 0 },
    granted: null,
    followed: 0,
    forced: false,
    force: null,
  },
};
const majority = (change: Partial<MemoryView>) => decideMemory({ ...view, ...change }).everHadMajority;

test("two of three partners of one cluster are a majority", () => {
  assert.equal(majority({}), true);
  assert.equal(majority({ peers: [] }), false);
  assert.equal(majority({ peers: [peer("pg2", says("pg2"), { systemIdentifier: "8" })] }), false, "another cluster");
  assert.equal(majority({ peers: [peer("pg2", says("pg2"), { role: "none" })] }), false, "its server does not run");
  assert.equal(majority({ peers: [peer("pg9", says("pg2"))] }), false, "it is not a partner");
});

test("with a lease, the primary counts a majority once it holds the lease, and another node once a node has counted it", () => {
  assert.equal(majority({ held: false }), false);
  assert.equal(majority({ held: false, leaseInForce: false }), true);
  assert.equal(majority({ role: "standby", held: false }), false);
  const knowing = peer("pg2", says("pg2"), { everHadMajority: true });
  assert.equal(majority({ role: "standby", held: false, peers: [knowing] }), true);
  assert.equal(
    majority({ peers: [knowing] }),
    false,
    "the first primary is the first to know: this one is a later copy",
  );
});

test("in strict mode the primary counts a majority once that has all WAL which nothing waited for", () => {
  const strict = (lsn: string, change: Partial<MemoryView> = {}) => {
    const position = { timeline: 4, lsn };
    const syncSince = { names: "ANY 1 (pg2, pg3)", lsn: "0/5000000" };
    return majority({ strict: true, syncSince, peers: [peer("pg2", says("pg2"), { position })], ...change });
  };
  assert.equal(strict("0/5000000"), true);
  assert.equal(strict("0/4FFFFFF"), false);
  assert.equal(strict("0/5000000", { syncSince: null }), false);
  assert.equal(strict("0/5000000", { syncSince: { names: "", lsn: "0/1" } }), false, "commits do not wait yet");
  assert.equal(strict("0/5000000", { waitsFor: null, syncSince: null }), true, "CONFIGS decides what they wait for");
  assert.equal(strict("0/0", { strict: false }), true);
});

test("the marker is never lost, and a node of the second level learns it from the first level", () => {
  assert.equal(majority({ peers: [], before: { ...view.before, everHadMajority: true } }), true);
  const second = { otherPartners: [], configuredUpstream: "pg2", role: "standby" as const, held: false };
  assert.equal(majority(second), false);
  assert.equal(majority({ ...second, peers: [peer("pg2", says("pg2"), { everHadMajority: true })] }), true);
});

test("the newest order to pause or resume counts, whichever node reports it", () => {
  const order = (count: number, on: boolean) => ({ on, count, atMs: 0 });
  const paused = (count: number, on: boolean) => peer("pg2", says("pg2"), { paused: order(count, on) });
  const before = {
    everHadMajority: true,
    paused: order(5, false),
    granted: [1],
    followed: 0,
    forced: false,
    force: null,
  };
  assert.deepEqual(decideMemory({ ...view, before, peers: [paused(9, true)] }).paused, order(9, true));
  assert.deepEqual(decideMemory({ ...view, before, peers: [paused(4, true)] }).paused, order(5, false));
});

test("the timeline that a standby streams is remembered as followed, one of its own promotion is not", () => {
  const followed = (change: Partial<MemoryView>) =>
    decideMemory({ ...view, role: "standby", before: { ...view.before, followed: 2 }, ...change }).followed;
  assert.equal(followed({ streaming: true }), 4);
  assert.equal(followed({ streaming: false }), 2);
  assert.equal(followed({ streaming: true, timeline: 1 }), 1, "it was cloned from another node");
});

test("hosts are kept in order, so that the file changes only if they change", () => {
  assert.deepEqual(decideMemory(view).hosts, ["pg2", "pg3"]);
});

test("the timeline of a lawful primary is remembered as granted; a standby keeps what it had, and begins with none", () => {
  const granted = (change: Partial<MemoryView>, before: number[] | null) =>
    decideMemory({ ...view, ...change, before: { ...view.before, granted: before } }).granted;
  assert.deepEqual(granted({}, [2]), [2, 4]);
  assert.deepEqual(granted({ lawful: false }, [2]), [2], "a primary that has to be fenced");
  assert.deepEqual(granted({ timeline: null }, [2]), [2]);
  assert.deepEqual(granted({ role: "standby" }, null), []);
  assert.deepEqual(granted({ role: "standby" }, [2]), [2]);
  assert.deepEqual(granted({ role: "unknown" }, null), null);
});

test("a standby remembers the forced failover of its primary before it streams, and forgets it once it streams from another", () => {
  const force = { host: "pg2", above: 2, timelines: [4] };
  const primary = { host: "pg2", systemIdentifier: "7", timeline: 4, history: null, origin: null };
  const forced = [peer("pg2", says("pg2"), { role: "primary", force })];
  const now = (change: Partial<MemoryView>, before: typeof force | null = null) =>
    decideMemory({
      ...view,
      role: "standby",
      primary,
      peers: forced,
      before: { ...view.before, force: before },
      ...change,
    })
      .force;
  assert.deepEqual(now({}), force);
  assert.equal(now({ primary: null }), null);
  assert.deepEqual(now({ primary: null, upstream: "pg2" }), force, "it may stream at any moment");
  assert.equal(now({ role: "primary", primary: { ...primary, host: "pg1" } }), null);
  const unforced = [peer("pg2", says("pg2"), { role: "primary" })];
  assert.deepEqual(now({ peers: unforced }, force), force, "its data is still what it was");
  assert.deepEqual(
    now({ peers: unforced, streaming: true, timeline: 3 }, force),
    force,
    "it streams from somewhere else",
  );
  assert.equal(now({ peers: unforced, streaming: true }, force), null);
  const other = { host: "pg1", systemIdentifier: "7", timeline: 5, history: null, origin: null };
  const streams = { primary: other, streaming: true, timeline: 4 };
  assert.deepEqual(
    now({ ...streams, upstream: "pg2" }),
    force,
    "it streams from a node that is not the primary in sight",
  );
  assert.deepEqual(now({ ...streams, upstream: "pg3" }), null);
});

test("a primary forgets the forced failover that its data was of once it leads under an epoch of a majority", () => {
  const force = { host: "pg2", above: 2, timelines: [4] };
  const now = (timeline: number, forced: boolean, lawful = true) =>
    decideMemory({
      ...view,
      role: "primary",
      lawful,
      timeline,
      before: { ...view.before, forced, force },
    }).force;
  assert.equal(now(5, false), null);
  assert.deepEqual([now(4, false), now(4, true), now(5, true), now(5, false, false)], [force, force, force, force]);
});
