// Promise: five nodes, pgpool and barman start in any order, here the reverse one, each waiting for what it needs, and
// replicate through the whole cascade.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster, nodes, services } from "../support/cluster.ts";
import { monkey, queryOnce } from "../support/ledger.ts";
import { wholeMs } from "../support/waits.ts";

test("five nodes, pgpool and barman start in reverse order and replicate", async () => {
  const cluster = await Cluster.prepare({ name: "example" });
  await cluster.down();
  const started = systemClock.nowMs();
  for (const service of [...services].reverse()) await cluster.up([service]);
  assert.equal(await cluster.waitWhole(150_000), "pgmaster");
  await cluster.waitPool();
  console.log(`whole after ${((systemClock.nowMs() - started) / 1000).toFixed(1)} s in reverse order`);

  const wanted = [null, "pgmaster", "pgslave1", "pgmaster", "pgslave3"].join();
  let upstreams = "";
  const inPlace = async () => {
    const seen = nodes.map(async (n) => (await cluster.nodeStatus(n))?.postgres.upstream?.host ?? null);
    return (upstreams = (await Promise.all(seen)).join()) === wanted;
  };
  const places = { what: "each node to stream from its upstream", deadlineMs: wholeMs, why: () => upstreams };
  await waitUntil(inPlace, places, { clock: systemClock });

  const entry = { ...monkey, host: (await cluster.address("pgpool"))! };
  await queryOnce(entry, (sql) => sql.unsafe("create table replicated as select 42 as answer"));
  for (const node of nodes) {
    await waitUntil(async () => (await cluster.psql(node, "select answer from replicated").catch(() => "")) === "42", {
      what: `the row on ${node}`,
      deadlineMs: 60_000,
    }, { clock: systemClock });
  }
  await queryOnce(entry, (sql) => sql.unsafe("drop table replicated"));
});
