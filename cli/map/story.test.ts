// A change of the primary as the page tells it: what is done, what is under way, and what does not go on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { event, leader, node, seen } from "../../tests/support/map-view.ts";
import { views } from "../../tests/support/map-views.ts";
import { moreViews } from "../../tests/support/more-map-views.ts";
import { story } from "./story.ts";
import type { MapView } from "./view.ts";

const told = (view: MapView) => {
  const found = story(view);
  return found &&
    [found.title, ...found.steps.map((s) => `${s.state}: ${s.what}${s.more === null ? "" : ` (${s.more})`}`)];
};

test("there is no story of a cluster at rest, of its first start, or of a change long ago", () => {
  for (const view of [views.healthy(), views.fresh(), moreViews.nothingAnswers()]) {
    assert.equal(told(view), null);
  }
  const first = event(5_000, "pgmaster", "Promoted");
  assert.equal(told(seen({ pgmaster: leader() }, { events: [first] })), null);
});

test("after the loss of the primary, its lease is waited for", () => {
  assert.deepEqual(told(views.primaryKilled()), [
    "pgmaster is replaced",
    "done: pgmaster no longer leads (it does not answer, for 2 s)",
    "now: Its lease ends: until then no other node may accept writes (pgslave1 and pgslave2 still count it)",
    "next: A majority of the voters lets the most advanced standby lead",
    "next: It becomes read-write, under a new epoch",
    "next: The others follow it, and clients reach it",
  ]);
});

test("while a standby is promoted, it is named", () => {
  assert.deepEqual(told(views.promoting())!.slice(2), [
    "done: Its lease ends: until then no other node may accept writes",
    "done: A majority of the voters lets the most advanced standby lead (pgslave1)",
    "now: It becomes read-write, under a new epoch (promoting this standby)",
    "next: The others follow it, and clients reach it",
  ]);
});

test("afterwards the page says why, how long it took, and what is not back yet", () => {
  assert.deepEqual(told(views.failedOver()), [
    "pgslave1 has taken over from pgmaster",
    "done: pgmaster stopped leading",
    "done: A majority of the voters let pgslave1 lead " +
    "(repmgrd elected this node: the primary is gone, and no standby has more WAL)",
    "done: pgslave1 became read-write (at 12:00:21 UTC, it took 0.6 s)",
    "done: The other standbys follow it",
    "done: pgpool sends writes to pgslave1",
    "done: backup receives its WAL",
    "next: pgmaster is back as a standby (it does not answer, for 14 s)",
  ]);
});

test("a cluster's first primary, of whose promotion no history tells, is named if an earlier look has seen it", () => {
  const view = views.failedOver();
  const events = view.events.slice(-1);
  assert.equal(told({ ...view, events }), null);
  assert.equal(told({ ...view, events, former: "pgmaster" })![0], "pgslave1 has taken over from pgmaster");
});

test("a switchover has a story of its own", () => {
  const [title, first, , , , , , back] = told(moreViews.handedOver())!;
  assert.equal(title, "pgmaster has handed over to pgslave1");
  assert.equal(first, "done: pgmaster stopped and gave up its lease (an operator asked for it)");
  assert.equal(back, "done: pgmaster is back as a standby");
});

test("an election without a majority, or one that refuses, does not go on by itself, and the page says so", () => {
  const without = told(moreViews.noMajority())!.find((s) => s.startsWith("stuck"));
  assert.match(without!, /pgmaster and pgslave1 of 3 voters do not answer: no majority/);
  assert.equal(told(moreViews.noMajority())![0], "No node can lead, as seen from here");
  const cutOff = told(moreViews.cutOff())!;
  assert.equal(cutOff[0], "No node can lead, as seen from here");
  assert.ok(
    cutOff[3]!.startsWith("stuck: A majority"),
    "a node that is cut off claims nothing of an election elsewhere",
  );
  const lonely = { role: "standby", upstream: null } as const;
  const because = "it is not promoted: automatic failover is paused";
  const refused = told(seen({
    pgslave1: node("pgslave1", { because, postgres: lonely, lease: { grantedTo: null } }),
    pgslave2: node("pgslave2", { postgres: lonely, lease: { grantedTo: null } }),
  }))!.find((s) => s.startsWith("stuck"));
  assert.match(refused!, /\(pgslave1: it is not promoted: automatic failover is paused\)/);
});

test("a restore is shown from the wait for the backup to its end, and what it waits for", () => {
  assert.deepEqual(told(moreViews.restoring()), [
    "pgmaster is restored to 2026-11-28 11:30:00 UTC, from backup 20261128T100030",
    "done: Wait for the backup and for the servers to end",
    "now: Copy the backup (572.2 MB of 1.2 GB)",
    "next: Replay WAL up to that moment",
    "next: Lead with it; the other nodes follow",
  ]);
  const view = moreViews.restoring();
  const { restore } = view.cluster.nodes.find((n) => n.host === "pgmaster")!.status;
  Object.assign(restore!, { step: "holding", trouble: "the disk is full" });
  assert.equal(
    told(view)![4],
    "stuck: Hold, read-only: look at the data, then finish or abort in the barman container (the disk is full)",
  );
});
