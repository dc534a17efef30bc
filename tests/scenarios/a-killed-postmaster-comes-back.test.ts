// Promise: the primary's postmaster is killed under a writer: the cluster has one primary again by itself, writes resume
// through pgpool, and the node is a healthy member.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../roles/runtime/time.ts";
import { exampleCluster } from "../support/cluster.ts";
import { exec } from "../support/docker.ts";
import { describeReport, Ledger, monkey } from "../support/ledger.ts";

test("a killed postmaster comes back or is replaced, and writes resume", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await waitUntil(() => Promise.resolve(ledger.count >= 20), { what: "20 writes", deadlineMs: 20_000 }, {
    clock: systemClock,
  });
  await exec(await cluster.container(primary), ["bash", "-c", 'kill -KILL "$(head -n 1 "$PGDATA/postmaster.pid")"']);
  const before = ledger.count;
  await waitUntil(
    () => Promise.resolve(ledger.count >= before + 40),
    { what: "writes to resume", deadlineMs: 40_000 },
    {
      clock: systemClock,
    },
  );
  const now = await cluster.waitWhole();
  await cluster.waitPool(["pgmaster", "pgslave1", "pgslave2", "pgslave3"]);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(now))! });
  console.log(describeReport("killed postmaster", report));
  assert.ok(report.missing.length <= 20, `lost ${report.missing.length} acknowledged writes`);
});
