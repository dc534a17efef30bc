// Promise: there is no way into read-write past the lease: not by hand, not by an agent that hangs on its primary.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { exampleCluster, nodes } from "../support/cluster.ts";
import { exec, logsOf, tryExec } from "../support/docker.ts";

const deps = { clock: systemClock };

test("a standby promoted by hand does not become read-write, and returns", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const { timeline } = (await cluster.nodeStatus(primary))!.postgres;
  const standby = ["pgslave1", "pgslave3", "pgmaster"].find((n) => n !== primary)!;
  const container = await cluster.container(standby);
  const refused = await tryExec(container, ["gosu", "postgres", "repmgr", "standby", "promote"], 90_000);
  assert.notEqual(refused.code, 0, "repmgr itself sees that the primary lives");
  const before = (await logsOf(container)).length;
  await tryExec(container, ["gosu", "postgres", "pg_ctl", "promote", "-D", "/var/lib/postgresql/data"], 90_000);
  await waitUntil(async () => (await logsOf(container)).slice(before).includes("this node does not hold the lease"), {
    what: "the refusal in the log",
    deadlineMs: 20_000,
  }, deps);
  assert.equal(await cluster.waitWhole(60_000), primary);
  assert.equal((await cluster.nodeStatus(primary))!.postgres.timeline, timeline, "the cluster has not moved on");
});

test("the fence does not wait for an agent that hangs; the node returns when the agent does", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const container = await cluster.container(old);
  const agent = (await exec(container, ["pgrep", "-f", "^postdock postgres-node entrypoint"])).trim();
  await exec(container, ["kill", "-STOP", agent]);
  await waitUntil(async () => (await tryExec(container, ["pgrep", "-x", "-r", "R,S,D,T", "postgres"])).code === 1, {
    what: "PostgreSQL to be ended by the fence process",
    deadlineMs: 10_000,
  }, deps);
  const others = nodes.filter((n) => n !== old);
  const promoted = await cluster.waitWhole(60_000, others);
  await exec(container, ["kill", "-CONT", agent]);
  assert.equal(await cluster.waitWhole(60_000), promoted);
  assert.match(await logsOf(container), /"event":"The fence process has ended PostgreSQL"/);
});
