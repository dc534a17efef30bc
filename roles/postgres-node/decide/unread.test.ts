// A node that answers and cannot be read is not gone: nobody leads in its place, and nobody makes a cluster beside it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lostPeer as lost, standbyPeer } from "../../../tests/support/peer.ts";
import { startView, stoppedPeer } from "../../../tests/support/startup-view.ts";
import { decideHealth, type HealthReport } from "./health.ts";
import { decideMayPromote, type MayPromote } from "./promotion.ts";
import { decideStartup } from "./startup.ts";
import type { ClusterView, Peer } from "./view.ts";

const unread = (host: string): Peer => ({ host, seen: "not-understood", error: "postgres.lsn: Invalid input" });
const stranger = (host: string): Peer => ({ host, seen: "unreachable", error: "not signed", stranger: true });

const mayPromote = (peers: readonly Peer[], changes: Partial<ClusterView> = {}, options: Partial<MayPromote> = {}) =>
  decideMayPromote({
    ...startView({ peers, mayBootstrap: false, configuredUpstream: "pgslave1", ...changes }),
    role: "standby",
    systemIdentifier: "1",
    position: { timeline: 1, lsn: "0/5000000" },
    sawPrimary: true,
    cutOff: null,
  }, { tieBreak: true, ...options });

const other = standbyPeer("pgslave3", 3);

test("a standby is promoted beside a primary that is gone, not beside one that cannot be read", () => {
  assert.equal(mayPromote([lost("pgslave1"), other]).ok, true);
  const { ok, because } = mayPromote([unread("pgslave1"), other]);
  assert.equal(ok, false);
  assert.match(because, /^pgslave1 answers, but what it says cannot be read \(postgres\.lsn: Invalid input\)/);
});

test("something without the cluster's key at the address of a lost primary keeps nobody from leading", () => {
  assert.equal(mayPromote([stranger("pgslave1"), other]).ok, true);
});

test("where no majority is needed, it may be the primary of another key: nobody leads beside it, unless an operator says so", () => {
  const beside = [stranger("pgslave1"), other];
  const { ok, because } = mayPromote(beside, { quorum: false });
  assert.equal(ok, false);
  assert.match(because, /^what answers at pgslave1 is not believed .*it may be the primary$/);
  const two = { otherPartners: [], leaderships: [] };
  assert.equal(mayPromote([stranger("pgslave1")], two).ok, false);
  assert.equal(mayPromote([lost("pgslave1")], two).ok, true);
  assert.equal(mayPromote(beside, { quorum: false }, { asked: true }).ok, true);
  assert.equal(mayPromote(beside, { quorum: false, forced: true }).ok, true);
  const former = (changes: Partial<ClusterView>) =>
    decideStartup(startView({ peers: beside, quorum: false, ...changes })).do;
  assert.deepEqual([former({}), former({ forced: true })], ["wait", "start-primary"]);
});

test("an operator, a forced node, and nodes that never lead do not wait for one that cannot be read", () => {
  const beside = [unread("pgslave1"), other];
  assert.equal(mayPromote(beside, {}, { asked: true }).ok, true);
  assert.equal(mayPromote(beside, { quorum: false, forced: true }).ok, true);
  assert.equal(mayPromote(beside, { quorum: false }).ok, false);
  assert.equal(mayPromote([lost("pgslave1"), other, unread("pgslave4")]).ok, true, "it is of the second level");
});

test("a former primary does not start as primary beside a node that cannot be read", () => {
  const plan = (peers: readonly Peer[], changes: Partial<ClusterView> = {}) =>
    decideStartup(startView({ peers, ...changes }));
  assert.equal(plan([lost("pgslave1"), stoppedPeer("pgslave3")]).do, "start-primary");
  assert.equal(plan([unread("pgslave1"), stoppedPeer("pgslave3")]).do, "wait");
  assert.equal(plan([unread("pgslave1"), stoppedPeer("pgslave3")], { leadsAgain: true }).do, "start-primary");
});

test("an empty node makes no cluster beside one that cannot be read, or that another key signs", () => {
  const plan = (...peers: Peer[]) => decideStartup(startView({ data: { kind: "empty" }, peers }));
  assert.equal(plan(lost("pgslave1"), lost("pgslave3")).do, "bootstrap");
  for (const peer of [unread("pgslave1"), stranger("pgslave1")]) {
    assert.equal(plan(peer, lost("pgslave3")).do, "wait", peer.seen);
  }
  const second = startView({
    data: { kind: "empty" },
    mayBootstrap: false,
    configuredUpstream: "a",
    peers: [stranger("a")],
  });
  assert.match(
    decideStartup(second).because,
    /answers at a is not believed .*set the same CLUSTER_KEY or REPLICATION_PASS/,
  );
});

test("for the health of a primary a node that cannot be read counts as one that answers", () => {
  const own: HealthReport = {
    node: { host: "a" },
    phase: "running",
    fenced: null,
    everHadMajority: true,
    partners: ["a", "b", "c"],
    lease: { mode: "off", held: false },
    postgres: { role: "primary", upstream: null },
  };
  const gone = { host: "b", seen: "unreachable" } as const;
  assert.equal(decideHealth({ own, asked: [gone, { host: "c", seen: "not-understood" }] }).ok, true);
  assert.equal(decideHealth({ own, asked: [gone, { host: "c", seen: "unreachable" }] }).ok, false);
});
