// Promise: the primary and one of its two standbys die at one instant, and with the observers the voters that are left are a
// majority: the last standby leads, what streamed from the dead ones follows it, and both come back by themselves.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster, nodes } from "../support/cluster.ts";
import { docker } from "../support/docker.ts";
import { describeReport, Ledger, monkey } from "../support/ledger.ts";
import { withVoters } from "../support/variants.ts";

const first = ["pgmaster", "pgslave1", "pgslave3"];
const deps = { clock: systemClock };

test("with two of three nodes of the first level dead, the last one leads and the cascade follows it", async () => {
  const edit = withVoters(first, ["pgpool", "backup"]);
  const cluster = await Cluster.prepare({ name: "together", compose: "v2", edit });
  after(() => cluster.down());
  await cluster.up();
  const old = await cluster.waitWhole(150_000);
  await cluster.waitPool(first);
  await cluster.waitLease(first);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await waitUntil(() => Promise.resolve(ledger.count >= 20), { what: "writes", deadlineMs: 20_000 }, deps);

  const other = first.find((n) => n !== old)!;
  await docker(["kill", await cluster.container(old), await cluster.container(other)]);
  const left = nodes.filter((n) => n !== old && n !== other);
  const leader = await cluster.waitWhole(60_000, left);
  assert.ok(first.includes(leader), `${leader} is of the second level`);
  const goal = ledger.count + 20;
  await waitUntil(() => Promise.resolve(ledger.count >= goal), { what: "writes", deadlineMs: 30_000 }, deps);
  const receives = async () => {
    const status = await cluster.status("backup");
    return status?.component === "barman" && status.receiving && status.primary === leader;
  };
  await waitUntil(receives, { what: `barman to receive WAL from ${leader}`, deadlineMs: 30_000 }, deps);

  await Promise.all([cluster.start(old), cluster.start(other)]);
  assert.equal(await cluster.waitWhole(60_000), leader, "nobody else came to lead");
  await cluster.waitPool(first);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(leader))! });
  console.log(describeReport("primary and a standby killed together", report));
  // asynchronous replication may lose what the last standby had not received
  assert.ok(report.missing.length <= 20, `lost ${report.missing.length} acknowledged writes`);
});
