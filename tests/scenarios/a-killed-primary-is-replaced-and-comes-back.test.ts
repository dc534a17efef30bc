// Promise: the container of the primary is killed under a writer through pgpool: a standby is promoted, writes resume, and
// the returned node is a standby that pgpool has attached again, without a manual step.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodes } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { successionMs, wholeMs } from "../support/waits.ts";

test("a killed primary is replaced under a writer, and comes back as a standby", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);

  await cluster.kill(old);
  await ledger.writes(60, successionMs + 5_000);
  const promoted = await cluster.waitWhole(wholeMs, nodes.filter((s) => s !== old));
  assert.notEqual(promoted, old);

  await cluster.start(old);
  assert.equal(await cluster.waitWhole(), promoted);
  await cluster.waitPool();

  const report = await ledger.finish({ ...monkey, host: (await cluster.address(promoted))! });
  // asynchronous replication may lose what was acknowledged just before the kill. The standbys have a commit before its client
  // learns of it, unless the machine delays the WAL sender: with one write every 50 ms none was ever lost here.
  assertLedger("killed container", report, { atLeast: 100, gapMs: successionMs });
});
