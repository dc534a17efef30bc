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
const standbys = ["pgslave1", "pgslave3"];
const hang = `/usr/local/bin/postdock postgres-node may-end-recovery && sleep ${hangSeconds}`;

test("a standby that hangs during its promotion keeps the lease until it is primary", async () => {
  await using cluster = await ownCluster({ name: "hanging-promotion" });
  await cluster.up([...nodes, "pgpool"]);
  assert.equal(await cluster.waitWhole(startMs, nodes), "pgmaster");
  await cluster.waitPool(nodes);
  const edit = `echo "recovery_end_command = '${hang}'" >> $PGDATA/postgresql.conf`;
  for (const node of standbys) {
    await exec(await cluster.container(node), ["bash", "-c", edit]);
    await cluster.psql(node, "select pg_reload_conf()");
    // repmgrd would ask for the promotion as well, but this scenario is about the agent's promotion
    await exec(await cluster.container(node), ["bash", "-c", "kill -STOP $(pgrep -x repmgrd)"]);
  }
  const workload = await Workload.start(cluster);
  await waitUntil(() => Promise.resolve(workload.writes.length >= 20), { what: "writes", deadlineMs: 60_000 }, deps);
  await cluster.kill("pgmaster");
  // pgslave3 has the higher priority, but on a busy machine the other one may be the first to ask
  const allowed = async () => {
    const logs = await Promise.all(standbys.map(async (node) => await logsOf(await cluster.container(node))));
    return standbys.find((_, i) => logs[i]!.includes("PostgreSQL leaves recovery")) ?? null;
  };
  const slow = await waitUntil(allowed, { what: "the promotion of a standby", deadlineMs: successionMs }, deps);
  const rest = standbys.find((node) => node !== slow)!;
  const allowedMs = systemClock.nowMs();
  const holds = async () => {
    const [own, other] = await Promise.all([cluster.answer(slow), cluster.answer(rest)]);
    seen = `${slow} ${own.postgres.role}, lease held: ${own.lease.held}; ${rest} ${other.postgres.role}`;
    return own.lease.held && other.postgres.role === "standby";
  };
  let seen = "";
  const hangs = { what: `${slow} holds the lease and ${rest} is a standby`, everyMs: 500, why: () => seen };
  await staysTrueFor((hangSeconds - 3) * 1_000, holds, hangs);
  assert.equal(workload.writes.filter((w) => w.sentMs > allowedMs).length, 0, "no node took a write meanwhile");
  const led = () => Promise.resolve(workload.writes.some((w) => w.sentMs > allowedMs));
  await waitUntil(led, { what: "a write on the new primary", deadlineMs: 30_000 }, deps);
  await workload.stop();
  assert.deepEqual(twoPrimaries(workload.writes).findings, []);
  assert.equal(workload.writes.at(-1)?.node, slow);
  const said = (await logsOf(await cluster.container(slow))).split("PostgreSQL leaves recovery")[1]!;
  assert.doesNotMatch(said, /"event":"Lease (released|lost)"/, "the lease was gone while PostgreSQL left recovery");
  assert.ok(!said.includes("does not hold the lease"), "it was read-write without the lease");
});
