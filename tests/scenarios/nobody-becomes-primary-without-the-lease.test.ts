// Promise: no node is read-write without the lease, neither after a promotion by hand, nor while its agent hangs, nor beside
// another container of its name. A node that has the lease stays read-write, also if its fence was stopped for a while.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { firstLevel, nodes } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec, logsOf, logsSince, tryExec } from "../support/docker.ts";
import { fenceStoppedAlone, twinOfThePrimary } from "../support/faults/beside-the-lease.ts";
import { successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };

test("a standby promoted by hand does not become read-write, and returns", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const { timeline } = (await cluster.answer(primary)).postgres;
  const standby = firstLevel.find((n) => n !== primary)!;
  const container = await cluster.container(standby);
  const refused = await tryExec(container, ["gosu", "postgres", "repmgr", "standby", "promote"], 90_000);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /already has an active primary/, "repmgr itself sees that the primary lives");
  const before = await logsOf(container);
  await tryExec(container, ["gosu", "postgres", "pg_ctl", "promote", "-D", "/var/lib/postgresql/data"], 90_000);
  await waitUntil(async () => (await logsSince(container, before)).includes("this node does not hold the lease"), {
    what: "the refusal in the log",
    deadlineMs: 60_000,
  }, deps);
  assert.equal(await cluster.waitWhole(), primary);
  assert.equal((await cluster.answer(primary)).postgres.timeline, timeline, "the cluster has not moved on");
});

test("the fence acts while the agent hangs; the node returns when the agent does", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const container = await cluster.container(old);
  const agent = (await exec(container, ["pgrep", "-f", "^postdock postgres-node entrypoint"])).trim();
  const before = await logsOf(container);
  await exec(container, ["kill", "-STOP", agent]);
  let promoted: string;
  try {
    await waitUntil(async () => (await tryExec(container, ["pgrep", "-x", "-r", "R,S,D,T", "postgres"])).code === 1, {
      what: "PostgreSQL to be ended by the fence process",
      deadlineMs: successionMs,
    }, deps);
    promoted = await cluster.waitWhole(undefined, nodes.filter((n) => n !== old));
  } finally {
    await exec(container, ["kill", "-CONT", agent]);
  }
  assert.equal(await cluster.waitWhole(), promoted);
  assert.match(await logsSince(container, before), /"event":"The fence process has ended PostgreSQL"/);
});

test("a fence that was stopped alone for longer than a lease does not end a primary that has renewed its lease", async () => {
  await fenceStoppedAlone(await exampleCluster(), nodes);
});

test("a second container with the name and the data of the primary is never read-write, and nothing is lost", async () => {
  await twinOfThePrimary(await exampleCluster(), nodes);
});
