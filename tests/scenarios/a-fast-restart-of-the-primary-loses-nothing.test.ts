// Promise: the primary's container is restarted under a writer: there is one primary afterwards and nothing is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleCluster } from "../support/clusters.ts";
import { logsOf, logsSince } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { successionMs } from "../support/waits.ts";

test("a fast restart of the primary leaves one primary and loses nothing", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);
  const container = await cluster.container(primary);
  const before = await logsOf(container);
  await cluster.stop(primary);
  await cluster.start(primary);
  await ledger.writes(40);
  const now = await cluster.waitWhole();
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(now))! });
  // no node waits for the lease to end, because the primary handed over
  assert.match(await logsSince(container, before), /"event":"Handed over"/);
  assertLedger("restarted container", report, { atLeast: 80, gapMs: successionMs });
});
