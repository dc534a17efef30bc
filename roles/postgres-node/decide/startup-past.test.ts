// A node that comes back with a past of its own: promoted without an epoch, or on an older copy of a volume.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterView } from "./view.ts";
import {
  hosts,
  ownCluster as cluster,
  startView as view,
  stoppedPeer as peer,
} from "../../../tests/support/startup-view.ts";
import { decideStartup } from "./startup.ts";

test("a standby makes a slot on its upstream only while a primary is in sight: the last upstream may be a copy", () => {
  const data = cluster({ wasPrimary: false, lastUpstream: "pgslave1" });
  const slot = (changes: Partial<ClusterView>) => {
    const plan = decideStartup(view({ data, ...changes }));
    return plan.do === "start-standby" && plan.slot;
  };
  const leads = { host: "pgslave1", systemIdentifier: "1", timeline: 1, history: [], origin: null };
  assert.equal(slot({ primary: leads, peers: [peer("pgslave1", { role: "primary" })] }), true);
  const copy = peer("pgslave1", { role: "primary", wasPrimary: true, everHadMajority: false });
  assert.equal(slot({ peers: [copy, peer("pgslave3")] }), false);
});

test("data that was promoted without an epoch never leads, and is replaced by a clone, whatever its timeline's number", () => {
  const data = cluster({ position: { timeline: 2, lsn: "0/6000000" }, ungranted: true });
  const standbys = hosts.slice(1).map((h) => peer(h, { role: "standby", position: { timeline: 1, lsn: "0/1000000" } }));
  const alone = decideStartup(view({ data, peers: standbys }));
  assert.equal(alone.do, "wait");
  assert.match(alone.because, /promoted without an epoch.*failover --force/);
  const history = [{ timeline: 2, endLsn: "0/9000000" }];
  const primary = { host: "pgslave1", systemIdentifier: "1", timeline: 3, history, origin: null };
  assert.equal(decideStartup(view({ data, primary, peers: standbys })).do, "clone");
  assert.equal(
    decideStartup(view({ data: { ...data, ungranted: false }, primary, peers: standbys })).do,
    "start-standby",
  );
});

test("an older copy of a primary's volume never leads beside nodes that know of a majority, whatever its timeline", () => {
  const data = cluster({ position: { timeline: 9, lsn: "0/9000000" } });
  const peers = [peer("pgslave1", { everHadMajority: true }), peer("pgslave3", { everHadMajority: true })];
  const plan = decideStartup(view({ data, peers, everHadMajority: false }));
  assert.equal(plan.do, "wait");
  assert.match(plan.because, /its volume is an older copy, so it waits for a primary to join/);
  assert.equal(decideStartup(view({ data, peers })).do, "start-primary");
  const primary = { host: "pgslave1", systemIdentifier: "1", timeline: 2, history: [], origin: null };
  const standby = { ...data, wasPrimary: false };
  assert.equal(decideStartup(view({ data: standby, peers, primary })).do, "rewind");
  assert.equal(decideStartup(view({ data: standby, peers, primary, everHadMajority: false })).do, "clone");
});

test("data of a forced failover that a majority has overruled never leads, and joins the primary that is in sight", () => {
  const data = cluster({ position: { timeline: 18, lsn: "0/6000000" } });
  const peers = hosts.slice(1).map((h) => peer(h));
  assert.equal(decideStartup(view({ data, peers })).do, "start-primary");
  const plan = decideStartup(view({ data, peers, overruled: true, quorum: false }), { final: true });
  assert.equal(plan.do, "wait");
  assert.match(plan.because, /another node has led by a majority since.*failover --force/);
  const history = [{ timeline: 1, endLsn: "0/5000000" }];
  const primary = { host: "pgslave1", systemIdentifier: "1", timeline: 3, history, origin: null };
  assert.equal(decideStartup(view({ data, peers, primary, overruled: true })).do, "rewind");
});
