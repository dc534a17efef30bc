// What would happen if containers died now, by mode, by who dies, and by what was seen.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyStatus } from "../../core/protocol/status.ts";
import { clusterOf, pool, voters } from "../../tests/support/seen-cluster.ts";
import { foresee, hostsCalled } from "./what-if.ts";
import { renderForecast } from "./what-if-command.ts";

test("a dead primary is followed by the standby that the agents themselves would promote", () => {
  const equal = foresee(clusterOf(), ["pg1"]);
  assert.equal(equal.leader, "pg2");
  assert.match(equal.because, /2 of 3 voters answer and none of them has newer data/);
  assert.deepEqual(equal.others, []);
  assert.deepEqual(equal.voters, { left: 2, all: 3, missing: ["pg1"], majority: true });
  const ahead = foresee(clusterOf({ lsn: { pg1: "0/5000000", pg3: "0/4000000" } }), ["pg1"]);
  assert.equal(ahead.leader, "pg3");
  assert.deepEqual(ahead.others, ["pg2"]);
  assert.equal(foresee(clusterOf({ nodes: { pg3: { priority: 200 } } }), ["pg1"]).leader, "pg3");
  const never = foresee(clusterOf({ nodes: { pg2: { priority: 0 } } }), ["pg1"]);
  assert.equal(never.leader, "pg3");
});

test("nobody leads while failover is paused, or without a majority, and each node says why", () => {
  const paused = foresee(clusterOf({ nodes: { pg3: { paused: { on: true, count: 2, atMs: 0 } } } }), ["pg1"]);
  assert.equal(paused.leader, null);
  assert.match(paused.because, /^pg2: automatic failover is paused.*; pg3: automatic failover is paused/);
  const two = foresee(clusterOf(), ["pg1", "pg2"]);
  assert.equal(two.leader, null);
  assert.match(two.because, /^pg3: only 1 of 3 voters answer; missing: pg1, pg2/);
  assert.equal(two.voters.majority, false);
  const silent = foresee(clusterOf({ nodes: { pg2: null } }), ["pg1"]);
  assert.equal(silent.leader, null);
  assert.ok(silent.notes.includes("pg2 cannot be seen now, and counts as dead"), silent.notes.join("\n"));
});

test("a primary that is left goes on with a majority, and ends its PostgreSQL without one", () => {
  const one = foresee(clusterOf(), ["pg3"]);
  assert.equal(one.leader, "pg1");
  assert.ok(one.notes.some((n) => n.startsWith("not one voter more")), one.notes.join("\n"));
  const none = foresee(clusterOf(), ["pg2", "pg3"]);
  assert.equal(none.leader, null);
  assert.match(none.because, /^only 1 of 3 voters are left, .*ends its PostgreSQL within LEASE_TTL \(2.5 s\)/);
});

test("observers count as voters, whether they die or stay", () => {
  const five = ["pg1", "pg2", "pg3", "pool", "backup"];
  const others = { pool, backup: { component: "barman" } as AnyStatus };
  const given = clusterOf({ voters: five, others });
  assert.equal(foresee(given, ["pg1", "pg2"]).leader, "pg3");
  assert.equal(foresee(given, ["pg1", "pg2", "pool"]).leader, null);
  const gone = foresee(given, ["backup"]);
  assert.equal(gone.leader, "pg1");
  assert.ok(gone.notes.some((n) => n.startsWith("no WAL is archived")));
});

test("what could be lost follows the consistency mode", () => {
  const lsn = { pg1: "0/3100000", pg2: "0/3080000", pg3: "0/3000000" };
  const eventual = foresee(clusterOf({ lsn }), ["pg1"]).lost;
  assert.equal(eventual.bytes, 0x80000);
  assert.equal(eventual.guaranteed, false);
  assert.equal(foresee(clusterOf({ lsn, mode: "strict" }), ["pg1"]).lost.guaranteed, true);
  const waits = { lsn, mode: "partially-strict", syncState: "quorum" };
  assert.deepEqual(
    [foresee(clusterOf(waits), ["pg1"]).lost.bytes, foresee(clusterOf(waits), ["pg1"]).lost.guaranteed],
    [0, true],
  );
  const observed = {
    ...waits,
    voters: [...voters, "pool", "backup"],
    others: { pool, backup: { component: "barman" } as AnyStatus },
  };
  const both = foresee(clusterOf(observed), ["pg1", "pg2"]);
  assert.equal(both.leader, "pg3");
  assert.deepEqual([both.lost.bytes, both.lost.guaranteed], [0x80000, false]);
  const asynchronous = foresee(clusterOf({ ...waits, degraded: "commits are asynchronous: x" }), ["pg1"]).lost;
  assert.equal(asynchronous.bytes, 0x80000);
  assert.match(asynchronous.because, /^commits are asynchronous: x/);
});

test("strict mode leads only with proof, and blocks while too few standbys are left", () => {
  const others = { pool, backup: { component: "barman" } as AnyStatus };
  const given = clusterOf({ mode: "strict", voters: [...voters, "pool", "backup"], others });
  const stays = foresee(given, ["pg2", "pg3"]);
  assert.equal(stays.leader, "pg1");
  assert.match(stays.blocked ?? "", /^commits are blocked: 0 of 1 required standbys/);
  const proof = foresee(given, ["pg1", "pg2"]);
  assert.equal(proof.leader, null);
  assert.match(proof.because, /CONSISTENCY is strict, and 1 of 3 nodes .* cannot prove/);
  const next = foresee(given, ["pg1"]);
  assert.deepEqual([next.leader, next.blocked], ["pg2", null]);
});

test("writes go to the new primary and reads to the backends that are left", () => {
  const given = clusterOf({ others: { pool } });
  assert.deepEqual(foresee(given, ["pg1"]).pools, [{ pool: "pool", writes: "pg2", reads: ["pg2", "pg3"] }]);
  assert.deepEqual(foresee(given, ["pg1", "pg2"]).pools, [{ pool: "pool", writes: null, reads: ["pg3"] }]);
  const ended = foresee(given, ["pool"]);
  assert.deepEqual(ended.pools, []);
  assert.ok(ended.notes.some((n) => n.startsWith("the sessions through pool end")));
});

test("containers are named by host, NODE_NAME or kind; an unknown one is refused with those that are known", () => {
  const given = clusterOf({ others: { localhost: pool } });
  assert.deepEqual(foresee(given, ["localhost"]).dying, ["pgpool"]);
  assert.deepEqual(foresee(given, ["pg1"]).pools[0]?.pool, "pgpool");
  assert.deepEqual(hostsCalled(["node1", "pg1", "pgpool"], given), ["pg1", "localhost"]);
  const two = clusterOf({ others: { pgpool: pool, pool2: pool } });
  assert.deepEqual(hostsCalled(["pgpool"], two), ["pgpool"], "a host, and not every pgpool");
  assert.throws(() => hostsCalled(["pg9"], given), (e: Error & { exitCode: number }) => {
    assert.match(e.message, /^pg9 is not known. Fix: name one or more of pg1 \(node1\), pg2 \(node2\), .*pgpool/);
    return e.exitCode === 64;
  });
});

test("a next primary that does not stream now has to have data that are new enough, which only it knows", () => {
  const { postgres } = clusterOf().nodes[1]!.status;
  const notes = (streaming: boolean) => {
    const upstream = { host: "pg1", port: 5432, streaming };
    return foresee(clusterOf({ nodes: { pg2: { postgres: { ...postgres, upstream } } } }), ["pg1"]).notes.join("\n");
  };
  assert.match(notes(false), /pg2 does not stream now, and leads only if FAILOVER_MAX_DATA_AGE allows it/);
  assert.doesNotMatch(notes(true), /does not stream/);
});

test("the forecast is readable", () => {
  assert.deepEqual(renderForecast(foresee(clusterOf({ others: { pool } }), ["pg1"])), [
    "if pg1 died now:",
    "  primary: pg2: 2 of 3 voters answer and none of them has newer data",
    "  voters: 2 of 3 left, a majority; missing: pg1",
    "  could be lost: about 0 B: CONSISTENCY=eventual: no commit waits for a standby; pg2 had everything 0.0 s ago, and " +
    "what is written in the last moment may not reach it",
    "  commits: go on",
    "  pgpool pool: writes go to pg2, reads to pg2, pg3",
    "  note: nothing can be written until the lease of pg1 has run out, at most 2.5 s (LEASE_TTL), and for a moment more",
    "  note: pg3 follows pg2 instead of pg1",
    "  note: not one voter more may be lost: without a majority no node is read-write",
  ]);
});
