// What a running node does about its settings, and about data that are not whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says } from "../../../tests/support/fake-cluster.ts";
import { brokenStandby, endLife, type FakeNode, fakeNode, started } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";
import { statusOf } from "../node.ts";
import { Settings } from "./settings.ts";

const leading = says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false, upstream: null });

/** A standby of pg2 that runs; pg3 streams too. */
function standby(): FakeNode {
  const f = fakeNode();
  f.world.others.set("pg2", leading);
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  return f;
}

test("what ALTER SYSTEM may not set is taken back, loaded and noted, once", async () => {
  const f = await started(fakeNode());
  f.world.held = true;
  let taken = [{ name: "port", value: "5433", fix: "remove it" }];
  f.node.doors.data.correctSettings = () => Promise.resolve(taken.splice(0));
  const settings = new Settings(f.node);
  const nobody = { peers: [], observers: [], primary: null };
  await settings.keep(nobody);
  await f.clock.pass(10_000);
  await settings.keep(nobody);
  assert.deepEqual(f.world.did.filter((d) => /history|reload/.test(d)), [
    "history: A setting was taken back",
    "reload",
  ]);
  taken = [];
});

test("a standby is started again, once, when the primary has lowered what was raised here", async () => {
  const f = standby();
  let raised = [{ name: "max_connections", own: 100, primary: 300, needed: true }];
  f.node.doors.data.raised = () => Promise.resolve(raised);
  const { prepareStart } = f.node.doors.data;
  f.node.doors.data.prepareStart = (as, own) => {
    raised = raised.filter((r) => r.needed);
    return prepareStart(as, own);
  };
  const life = runNode(f.node);
  await f.clock.pass(30_000);
  const starts = () => f.world.did.filter((d) => d === "start").length;
  assert.equal(starts(), 1);
  assert.match(statusOf(f.node).settings[0]!.because, /on pg1 max_connections is 300 and not 100: raised/);
  raised = [{ ...raised[0]!, needed: false }];
  await f.clock.pass(60_000);
  assert.equal(starts(), 2);
  assert.deepEqual(statusOf(f.node).settings, []);
  await endLife(f, life);
});

test("a standby whose replay waits for a higher setting is started again, however late its agent looks", async () => {
  const f = standby();
  const life = runNode(f.node);
  await f.clock.pass(5_000);
  f.world.server = { ...f.world.server!, replayPaused: true };
  f.node.seen.streamingTrouble({ what: "settings-too-low", atMs: f.clock.nowMs() - 5_000 });
  await f.clock.pass(10_000);
  assert.equal(f.world.did.filter((d) => d === "start").length, 2, f.world.did.join());
  await endLife(f, life);
});

test("a server that does not start for what ALTER SYSTEM wrote names the line, and how to take it back", async () => {
  const f = brokenStandby();
  f.node.doors.data.altered = () => Promise.resolve([{ name: "max_connections", value: "50", line: 3 }]);
  const life = runNode(f.node);
  await f.clock.pass(1_000);
  assert.match(statusOf(f.node).trouble!.fix, /postgresql.auto.conf, line 3.*sed -i '\/\^max_connections \/d'/);
  await endLife(f, life);
});

test("a standby that runs without a directory of its data is ended and cloned; without a primary it is not ready either", async () => {
  const f = standby();
  let missing = ["pg_xact"];
  f.node.doors.server.missing = () => Promise.resolve(missing);
  const { clone } = f.node.doors.data;
  f.node.doors.data.clone = async (from, how) => {
    await clone(from, how);
    missing = [];
  };
  const life = runNode(f.node);
  await f.clock.pass(30_000);
  assert.equal(f.world.did.filter((d) => d === "clone pg2").length, 1, f.world.did.join());
  assert.equal(statusOf(f.node).trouble, null);
  await endLife(f, life);
});

test("a primary without a directory gives way to a standby; where there is none, it goes on and says so", async () => {
  const f = fakeNode();
  f.node.doors.server.missing = () => Promise.resolve(f.world.server?.standby ? [] : ["pg_xact"]);
  const life = runNode(f.node);
  await f.clock.pass(20_000);
  assert.ok(f.world.did.includes("history: Handed over"), f.world.did.join());
  await endLife(f, life);
  const alone = fakeNode();
  alone.node.doors.server.missing = () => Promise.resolve(["pg_xact"]);
  for (const host of ["pg2", "pg3"]) alone.world.others.set(host, says(host, { priority: 0 }));
  const other = runNode(alone.node);
  await alone.clock.pass(30_000);
  assert.equal(statusOf(alone.node).postgres.role, "primary");
  assert.match(statusOf(alone.node).trouble!.because, /the data of pg1 are not whole: pg_xact is not there/);
  await endLife(alone, other);
});
