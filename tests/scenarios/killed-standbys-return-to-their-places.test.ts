// Promise: a killed standby, also in the middle of a cascade, comes back by itself. Its downstream nodes follow the primary
// meanwhile and return to their configured upstream; the primary stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import type { Cluster } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";

/** A first-level standby that has a node of the second level below it. */
async function middleOf(cluster: Cluster, primary: string): Promise<{ middle: string; below: string }> {
  const middle = primary === "pgslave1" ? "pgslave3" : "pgslave1";
  const below = middle === "pgslave1" ? "pgslave2" : "pgslave4";
  await waitUpstream(cluster, below, (host) => host === middle); // it may still be on its way back
  return { middle, below };
}

async function waitUpstream(cluster: Cluster, node: string, accept: (host: string) => boolean): Promise<string> {
  let last = "";
  return await waitUntil(
    async () => {
      const upstream = (await cluster.nodeStatus(node))?.postgres.upstream;
      last = JSON.stringify(upstream);
      return upstream?.streaming && accept(upstream.host) ? upstream.host : null;
    },
    { what: `${node} to stream from another node`, deadlineMs: 60_000, why: () => last },
    { clock: systemClock },
  );
}

test("a killed node in the middle of a cascade returns, and its downstream nodes return to it", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const { middle, below } = await middleOf(cluster, primary);
  await cluster.kill(middle);
  assert.equal(
    await waitUpstream(cluster, below, (host) => host !== middle),
    primary,
    "it follows the primary meanwhile",
  );
  await cluster.start(middle);
  await waitUpstream(cluster, below, (host) => host === middle);
  assert.equal(await cluster.waitWhole(), primary);
  await cluster.waitPool();
});

test("a killed standby at the end of a cascade returns", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  await cluster.kill("pgslave4");
  await cluster.psql(
    primary,
    "drop table if exists meanwhile; create table meanwhile as select 42 as answer",
  );
  await cluster.start("pgslave4");
  assert.equal(await cluster.waitWhole(), primary);
  await waitUntil(
    async () => await cluster.psql("pgslave4", "select answer from meanwhile").catch(() => "") === "42",
    { what: "the row on pgslave4", deadlineMs: 60_000 },
    { clock: systemClock },
  );
  await cluster.psql(primary, "drop table meanwhile");
});
