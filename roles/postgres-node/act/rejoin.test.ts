// A standby that cannot go on by itself gets another start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says } from "../../../tests/support/fake-cluster.ts";
import { endLife, fakeNode } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";

test("a standby that gets no WAL before it is consistent starts anew, but only once a primary is in sight", async () => {
  const f = fakeNode();
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  f.node.doors.server.look = () => Promise.reject(new Error("the database system is not yet accepting connections"));
  const starts = () => f.world.did.filter((w) => w === "start").length;
  const life = runNode(f.node);
  await f.clock.pass(12_000);
  assert.equal(starts(), 1, "it may be replaying what it has");
  f.node.seen.streamingTrouble({ what: "slot-missing", atMs: 0 });
  await f.clock.pass(12_000);
  assert.equal(starts(), 1, "nobody could give it WAL");
  const lease = { ...says("pg2").lease, held: true };
  f.world.others.set("pg2", says("pg2", { lease }, { standby: false, upstream: null }));
  await f.clock.pass(12_000);
  assert.ok(starts() >= 2, f.world.did.join(", "));
  await endLife(f, life);
});
