// Promise: the primary's container is restarted under a writer: there is one primary afterwards and nothing is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { exampleCluster } from "../support/cluster.ts";
import { describeReport, Ledger, monkey } from "../support/ledger.ts";

test("a fast restart of the primary leaves one primary and loses nothing", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await waitUntil(() => Promise.resolve(ledger.count >= 20), { what: "20 writes", deadlineMs: 20_000 }, {
    clock: systemClock,
  });
  await cluster.stop(primary);
  await cluster.start(primary);
  const before = ledger.count;
  await waitUntil(
    () => Promise.resolve(ledger.count >= before + 40),
    { what: "writes to resume", deadlineMs: 40_000 },
    {
      clock: systemClock,
    },
  );
  const now = await cluster.waitWhole();
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(now))! });
  console.log(describeReport("restarted container", report));
  assert.deepEqual(report.missing, []);
});
