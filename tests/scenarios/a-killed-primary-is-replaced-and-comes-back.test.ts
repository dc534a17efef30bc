// Promise: the container of the primary is killed under a writer through pgpool: a standby is promoted, writes resume, and
// the returned node is a standby that pgpool has attached again, without a manual step.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../core/runtime/time.ts";
import { nodes } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger, withoutTail } from "../support/ledger-report.ts";
import { successionMs, wholeMs } from "../support/waits.ts";

test("a killed primary is replaced under a writer, and comes back as a standby", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);

  const killedMs = systemClock.nowMs();
  await cluster.kill(old);
  await ledger.writes(60);
  const promoted = await cluster.waitWhole(wholeMs, nodes.filter((s) => s !== old));
  assert.notEqual(promoted, old);

  await cluster.start(old);
  assert.equal(await cluster.waitWhole(), promoted);
  await cluster.waitPool();

  const report = await ledger.finish({ ...monkey, host: (await cluster.address(promoted))! });
  const promised = withoutTail(report, ledger.acknowledgedAt, [killedMs]);
  assertLedger("killed container", promised, { atLeast: 100, gapMs: successionMs });
});
