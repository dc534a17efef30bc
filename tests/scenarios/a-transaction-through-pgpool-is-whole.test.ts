// Promise: one transaction of a client through pgpool is one transaction on the primary, even if pgpool has just started and does
// not know the primary yet.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import type { Cluster } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec } from "../support/docker.ts";
import { monkey } from "../support/ledger.ts";

const restarts = 5;

/** Twelve clients that write pairs of rows, each pair in a transaction; psql keeps its session after an error. */
const writePairs = `for client in $(seq 12); do (
    n=0; while [ ! -e /tmp/pairs.stop ]; do
      n=$((n + 1))
      for i in $(seq 100); do
        echo "begin; insert into pairs values ('$client/$n/$i'); insert into pairs values ('$client/$n/$i'); commit;"
      done | PGCONNECT_TIMEOUT=2 psql -q -h pgpool -U ${monkey.user} ${monkey.database} > /dev/null 2>&1
      sleep 0.05
    done) & done; wait`;

/** Makes a node primary that is not pgpool's first backend: only then is the first backend the wrong node for a new session. */
async function leadBy(cluster: Cluster, node: string): Promise<void> {
  const primary = await cluster.waitWhole();
  if (primary === node) return;
  await exec(await cluster.container(primary), ["postdock", "cluster", "switchover", "--to", node], 60_000);
  assert.equal(await cluster.waitWhole(), node);
}

test("a transaction that begins while pgpool starts is one transaction", async () => {
  const cluster = await exampleCluster();
  await leadBy(cluster, "pgslave3");
  const ask = (sql: string) => cluster.psql("pgslave3", sql);
  await ask("drop table if exists pairs; create table pairs (pair text, tx xid8 default pg_current_xact_id())");
  const count = async () => Number(await ask("select count(*) from pairs"));
  const pgpool = await cluster.container("pgpool");
  await exec(pgpool, ["rm", "-f", "/tmp/pairs.stop"]);
  const env = ["env", `PGPASSWORD=${monkey.password}`];
  const running = exec(pgpool, [...env, "bash", "-c", writePairs], 300_000);
  try {
    for (let i = 0; i < restarts; i++) {
      await cluster.waitPool();
      const goal = await count() + 200;
      await waitUntil(async () => await count() >= goal, { what: "100 pairs", deadlineMs: 30_000 }, {
        clock: systemClock,
      });
      await exec(pgpool, ["pkill", "-KILL", "-x", "pgpool"]);
    }
    await cluster.waitPool();
  } finally {
    await exec(pgpool, ["touch", "/tmp/pairs.stop"]);
    await running;
  }
  const split = await ask(
    "select count(*) from (select from pairs group by pair having count(*) <> 2 or count(distinct tx) <> 1) as split",
  );
  const pairs = await count() / 2;
  await ask("drop table pairs");
  assert.ok(pairs >= 100 * restarts, `${pairs} pairs prove nothing`);
  assert.equal(split, "0", `${split} of ${pairs} transactions were not one`);
});
