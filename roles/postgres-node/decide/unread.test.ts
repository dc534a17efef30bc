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

test("an operator, the former primary, QUORUM=off, and nodes that never lead do not wait for it", () => {
  const beside = [unread("pgslave1"), other];
  assert.equal(mayPromote(beside, {}, { asked: true }).ok, true);
  assert.equal(mayPromote(beside, { quorum: false }).ok, true);
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
