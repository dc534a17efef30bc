// Promise: a node whose PostgreSQL leaves recovery slowly keeps the lease until it has. A late answer is not a failure, and no
// other node may lead meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { twoPrimaries } from "../support/clients/check.ts";
import { Workload } from "../support/clients/workload.ts";
import { firstLevel as nodes } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { exec, logsOf } from "../support/docker.ts";
import { staysTrueFor, successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const hangSeconds = 20;
const hang = `/usr/local/bin/postdock postgres-node may-end-recovery && sleep ${hangSeconds}`;

test("a standby that hangs during its promotion keeps the lease until it is primary", async () => {
  await using cluster = await ownCluster({ name: "hanging-promotion" });
  await cluster.up([...nodes, "pgpool"]);
  assert.equal(await cluster.waitWhole(startMs, nodes), "pgmaster");
  await cluster.waitPool(nodes);
  // pgslave3 has the highest priority, so it is promoted
  const edit = `echo "recovery_end_command = '${hang}'" >> $PGDATA/postgresql.conf`;
  await exec(await cluster.container("pgslave3"), ["bash", "-c", edit]);
  await cluster.psql("pgslave3", "select pg_reload_conf()");
  // repmgrd would ask for the promotion as well, but this scenario is about the agent's promotion
  for (const node of ["pgslave1", "pgslave3"]) {
    await exec(await cluster.container(node), ["bash", "-c", "kill -STOP $(pgrep -x repmgrd)"]);
  }
  const workload = await Workload.start(cluster);
  await waitUntil(() => Promise.resolve(workload.writes.length >= 20), { what: "writes", deadlineMs: 60_000 }, deps);
  await cluster.kill("pgmaster");
  const container = await cluster.container("pgslave3");
  const allowed = async () => (await logsOf(container)).includes("PostgreSQL leaves recovery");
  await waitUntil(allowed, { what: "the promotion of pgslave3", deadlineMs: successionMs }, deps);
  const allowedMs = systemClock.nowMs();
  const holds = async () => {
    const [own, other] = await Promise.all([cluster.answer("pgslave3"), cluster.answer("pgslave1")]);
    seen = `pgslave3 ${own.postgres.role}, lease held: ${own.lease.held}; pgslave1 ${other.postgres.role}`;
    return own.lease.held && other.postgres.role === "standby";
  };
  let seen = "";
  const hangs = { what: "pgslave3 holds the lease and pgslave1 is a standby", everyMs: 500, why: () => seen };
  await staysTrueFor((hangSeconds - 3) * 1_000, holds, hangs);
  assert.equal(workload.writes.filter((w) => w.sentMs > allowedMs).length, 0, "no node took a write meanwhile");
  const led = () => Promise.resolve(workload.writes.some((w) => w.sentMs > allowedMs));
  await waitUntil(led, { what: "a write on the new primary", deadlineMs: 30_000 }, deps);
  await workload.stop();
  assert.deepEqual(twoPrimaries(workload.writes).findings, []);
  assert.equal(workload.writes.at(-1)?.node, "pgslave3");
  const said = (await logsOf(container)).split("PostgreSQL leaves recovery")[1]!;
  assert.doesNotMatch(said, /"event":"Lease (released|lost)"/, "the lease was gone while PostgreSQL left recovery");
  assert.ok(!said.includes("does not hold the lease"), "it was read-write without the lease");
});
