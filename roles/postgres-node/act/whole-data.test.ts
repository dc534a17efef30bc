// Data whose directories are not all there: the volume of a tablespace, and what is dropped while one looks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { says } from "../../../tests/support/fake-cluster.ts";
import { endLife, fakeNode } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";
import { statusOf } from "../node.ts";

const tablespace = "pg_tblspc/16400 (/srv/fast)";

test("a primary without the volume of a tablespace gives way, or names the volume where no standby can lead", async () => {
  const f = fakeNode();
  f.node.doors.server.missing = () => Promise.resolve(f.world.server?.standby ? [] : [tablespace]);
  const life = runNode(f.node);
  await f.clock.pass(20_000);
  assert.ok(f.world.did.includes("history: Handed over"), f.world.did.join());
  await endLife(f, life);
  const alone = fakeNode();
  alone.node.doors.server.missing = () => Promise.resolve([tablespace]);
  for (const host of ["pg2", "pg3"]) alone.world.others.set(host, says(host, { priority: 0 }));
  const other = runNode(alone.node);
  await alone.clock.pass(10_000);
  const { because, fix } = statusOf(alone.node).trouble!;
  assert.match(because, /the data of pg1 are not whole: pg_tblspc\/16400 \(\/srv\/fast\) is not there, or empty/);
  assert.match(fix, /^mount the volume that was there before, and start the container of pg1 again/);
  await endLife(alone, other);
});

test("what is dropped while one looks is not missing", async () => {
  const f = fakeNode();
  let looks = 0;
  f.node.doors.server.missing = () => Promise.resolve(looks++ % 2 === 0 ? [tablespace, "base/5"] : []);
  const life = runNode(f.node);
  await f.clock.pass(20_000);
  assert.ok(looks > 3);
  assert.equal(statusOf(f.node).trouble, null);
  assert.ok(!f.world.did.includes("history: Handed over"), f.world.did.join());
  await endLife(f, life);
});
