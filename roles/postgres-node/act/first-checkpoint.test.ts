// Through the whole loop: a promoted server completes its first checkpoint at once, and nothing waits for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, says, server } from "../../../tests/support/fake-cluster.ts";
import { endLife, fakeNode } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";
import { statusOf } from "../node.ts";

const count = (did: readonly string[]) => did.filter((w) => w === "first checkpoint").length;

test("a promoted server gets one checkpoint at once, and no second one while it lasts or after it", async () => {
  const f = fakeNode();
  let complete = () => {};
  f.node.doors.server.firstCheckpoint = () => {
    f.world.note("first checkpoint");
    return new Promise((resolve) => complete = () => resolve(true));
  };
  const life = runNode(f.node);
  await f.clock.pass(60_000);
  assert.ok(f.world.did.indexOf("first checkpoint") > f.world.did.indexOf("promote"), f.world.did.join());
  assert.equal(count(f.world.did), 1);
  assert.equal(statusOf(f.node).postgres.role, "primary", "the looks go on meanwhile");
  complete();
  await f.clock.pass(60_000);
  assert.equal(count(f.world.did), 1);
  await endLife(f, life);
});

test("a first checkpoint that fails is tried again after a pause, and not for ever", async () => {
  const f = fakeNode();
  f.world.broken.add("first checkpoint");
  const life = runNode(f.node);
  await f.clock.pass(200_000);
  const failures = f.lines.filter((l) => l.includes("The first checkpoint after the promotion failed"));
  assert.equal(failures.length, 5);
  await endLife(f, life);
});

test("a standby asks for no first checkpoint", async () => {
  const f = fakeNode();
  f.world.others.set("pg2", says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false }));
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  f.world.server = server({ standby: true, upstream: { host: "pg2", port: 5432, streaming: true } });
  const life = runNode(f.node);
  await f.clock.pass(20_000);
  assert.equal(count(f.world.did), 0);
  await endLife(f, life);
});
