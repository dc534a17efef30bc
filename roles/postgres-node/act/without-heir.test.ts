// A primary that stops while its standbys are far behind says who leads next, and what may be lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { says, server } from "../../../tests/support/fake-cluster.ts";
import { endLife, type FakeNode, fakeNode } from "../../../tests/support/fake-node.ts";
import { runNode } from "../life.ts";

/** A primary whose standbys are 33 MB behind gets TERM. */
async function stopped(environment: Record<string, string>, state = "shut down"): Promise<FakeNode> {
  const f = fakeNode(environment);
  const life = runNode(f.node);
  await f.clock.pass(2_000);
  f.world.server = server({ lsn: "0/5100000" });
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host, {}, { lsn: "0/3000000" }));
  await f.clock.pass(2_000);
  f.world.control = { ...f.world.control, state };
  f.stop.abort("SIGTERM");
  await f.clock.pass(1_000);
  await endLife(f, life);
  return f;
}

test("before the shutdown it says how long PostgreSQL may send, and what is lost if that is not enough", async () => {
  const f = await stopped({});
  const said = f.lines.find((line) => line.includes("No standby can take over at once"))!;
  assert.match(said, /pg2 is 33\.0 MB behind; pg3 is 33\.0 MB behind/);
  assert.match(said, /PostgreSQL has 5 s to send the rest of its WAL/);
  assert.match(said, /commits that no standby has/);
  assert.ok(f.world.did.includes("history: Stopped without a hand-over"), f.world.did.join());
  const strict = await stopped({ CONSISTENCY: "strict" });
  assert.match(strict.lines.join(), /"atRisk":"nothing that was acknowledged/);
});

test("after a shutdown that was cut off it says so", async () => {
  const f = await stopped({}, "in production");
  assert.ok(f.world.did.includes("history: Stopped before its standbys had all WAL"), f.world.did.join());
});
