// Promise: a node whose PostgreSQL leaves recovery slowly keeps the lease until it has: an answer that does not come in time is
// no failure, and nobody else may lead meanwhile.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { twoPrimaries } from "../chaos/check.ts";
import { Workload } from "../chaos/workload.ts";
import { Cluster } from "../support/cluster.ts";
import { exec, logsOf } from "../support/docker.ts";

const nodes = ["pgmaster", "pgslave1", "pgslave3"];
const hang = "/usr/local/bin/postdock postgres-node may-end-recovery && sleep 20";

test("a standby that hangs on its way to primary keeps the lease until it has arrived", async () => {
  const cluster = await Cluster.prepare({ name: "hanging-promotion", compose: "v2" });
  after(() => cluster.down());
  await cluster.up([...nodes, "pgpool"]);
  assert.equal(await cluster.waitWhole(90_000, nodes), "pgmaster");
  await cluster.waitPool(nodes);
  // pgslave3 has the highest priority: it is the one that is promoted
  await cluster.psql("pgslave3", `alter system set recovery_end_command = '${hang}'`);
  await cluster.psql("pgslave3", "select pg_reload_conf()");
  // repmgrd would ask for the promotion as well, and it is the agent's that is looked at here
  for (const node of ["pgslave1", "pgslave3"]) {
    await exec(await cluster.container(node), ["bash", "-c", "kill -STOP $(pgrep -x repmgrd)"]);
  }
  const workload = await Workload.start(cluster);
  await cluster.kill("pgmaster");
  const container = await cluster.container("pgslave3");
  const deps = { clock: systemClock };
  const allowed = async () => (await logsOf(container)).includes("PostgreSQL leaves recovery");
  await waitUntil(allowed, { what: "the promotion of pgslave3", deadlineMs: 30_000 }, deps);
  const allowedMs = systemClock.nowMs();
  const led = () => Promise.resolve(workload.writes.some((w) => w.sentMs > allowedMs));
  await waitUntil(led, { what: "a write on the new primary", deadlineMs: 90_000 }, deps);
  await workload.stop();
  assert.deepEqual(twoPrimaries(workload.writes).findings, []);
  assert.equal(workload.writes.at(-1)?.node, "pgslave3");
  const said = (await logsOf(container)).split("PostgreSQL leaves recovery")[1]!;
  assert.ok(!said.includes("Lease released"), "it gave the lease up while PostgreSQL was leaving recovery");
  assert.ok(!said.includes("does not hold the lease"), "it was read-write without the lease");
});
