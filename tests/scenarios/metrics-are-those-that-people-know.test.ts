// Promise: a node shows what postgres_exporter shows of the same server, under the same names, types and labels, with the same
// values; a scrape answers within 50 ms, whatever PostgreSQL does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, firstLevel, type Service } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { docker } from "../support/docker.ts";
import { nameOf, parseScrape, type Scrape } from "../support/series.ts";
import { ensureStockExporter, textOf, withStockExporter } from "../support/stock-exporter.ts";

const deps = { clock: systemClock };

/** Names of postgres_exporter that a node has not, or has otherwise, each with the reason. */
const leftOut: readonly { names: RegExp; because: string }[] = [
  { names: /^(go|promhttp)_/, because: "they are about the exporter's own program" },
  { names: /^process_(network|virtual_memory_max)/, because: "they are about the exporter's own program" },
  { names: /^postgres_exporter_/, because: "they are about the exporter's own configuration" },
  {
    names: /^pg_settings_(extra_float_digits|transaction_read_only)/,
    because: "each client sets them for its session",
  },
  { names: /^pg_settings_tcp_/, because: "they are of the connection, and ours is a socket" },
  { names: /^pg_scrape_collector_/, because: "its collectors are named after its source files" },
];
/** Values that two looks at different moments see differently, or that are about the session that looks. */
const moving =
  /^(pg_stat_activity_|pg_stat_database_numbackends|pg_locks_count|pg_replication_la|pg_exporter_|process_|pg_stat_replication_|pg_replication_slots?_)/;

async function scrape(cluster: Cluster, node: Service): Promise<Scrape> {
  const answer = await fetch(`http://${await cluster.address(node)}:8080/metrics`);
  return parseScrape(await answer.text());
}

/** Waits until everything was read since then, also what is read every 30 s only. */
async function readSince(cluster: Cluster, node: Service, sinceMs: number): Promise<Scrape> {
  return await waitUntil(
    async () => {
      const now = await scrape(cluster, node);
      const ages = [...now.values].filter(([series]) => nameOf(series) === "postdock_metrics_age_seconds");
      const newest = systemClock.nowMs() - sinceMs;
      return ages.length > 10 && ages.every(([, seconds]) => seconds * 1000 < newest) ? now : null;
    },
    { what: `${node} to read its metrics again`, deadlineMs: 60_000, everyMs: 500 },
    deps,
  );
}

function differences(ours: Scrape, before: Scrape, after: Scrape): string[] {
  const found: string[] = [];
  // postgres_exporter puts the process id of the WAL sender there, a number without a bound
  const plain = (series: string) =>
    series.startsWith("pg_stat_replication_") ? series.replace(/,?slot_name="[^"]*"/, "") : series;
  const own = new Map([...ours.values].map(([series, value]) => [plain(series), value]));
  for (const [series, value] of after.values) {
    const name = nameOf(series);
    // NaN there is a value that is not known, which is absent here
    if (leftOut.some(({ names }) => names.test(name)) || !before.values.has(series) || Number.isNaN(value)) continue;
    if (name.startsWith("pg_stat_activity_")) continue; // sessions come and go, and take the place of zeroes
    const shown = own.get(plain(series));
    if (shown === undefined) found.push(`missing: ${series} ${value}`);
    else if (ours.types.get(name) !== after.types.get(name)) {
      found.push(`${name} is a ${ours.types.get(name)}, not a ${after.types.get(name)}`);
    } else if (!moving.test(name)) {
      const low = Math.min(before.values.get(series)!, value) - 1;
      const high = Math.max(before.values.get(series)!, value) * 1.001 + 1;
      if (shown < low || shown > high) {
        found.push(`${series} is ${shown}, and ${before.values.get(series)} to ${value} there`);
      }
    }
  }
  return found;
}

test("a primary and a standby show what postgres_exporter shows, and more", async () => {
  await ensureStockExporter();
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  await cluster.psql(primary, "create table seen(i serial primary key); insert into seen default values; analyze seen");
  try {
    const compared = [primary, firstLevel.find((n) => n !== primary)!].map((node) =>
      withStockExporter(cluster, node, async ({ url }) => {
        const look = async () => parseScrape(await textOf(url));
        const before = await look();
        const ours = await readSince(cluster, node, systemClock.nowMs());
        assert.deepEqual(differences(ours, before, await look()), [], node);
        assert.ok([...ours.values.keys()].some((s) => s.startsWith("pg_stat_activity_count{")));
        assert.ok(ours.values.has("pg_postmaster_start_time_seconds"));
        assert.ok(ours.values.has("pg_stat_bgwriter_checkpoints_timed_total"), "a name that PostgreSQL 17 has no more");
        assert.equal([...ours.values.values()].some(Number.isNaN), false, "what is not known is absent");
        for (const [series, age] of ours.values) {
          if (nameOf(series) === "postdock_metrics_age_seconds") assert.ok(age < 45, `${series} ${age}`);
        }
      })
    );
    await Promise.allSettled(compared); // each removes its exporter
    await Promise.all(compared);
  } finally {
    await cluster.psql(primary, "drop table seen");
  }
});

test("a scrape answers at once while PostgreSQL is frozen, and shows no old value as if it were new", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const standby = firstLevel.find((n) => n !== primary)!;
  const container = await cluster.container(standby);
  const address = await cluster.address(standby);
  await readSince(cluster, standby, systemClock.nowMs() - 30_000);
  await docker(["exec", container, "bash", "-c", "pkill -STOP -x postgres"]);
  try {
    const hidden = async () => {
      const { values } = await scrape(cluster, standby);
      return !values.has("pg_wal_segments") && values.get("pg_up") === 0;
    };
    await waitUntil(hidden, { what: "values that cannot be read to be absent", deadlineMs: 30_000 }, deps);
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const startedMs = systemClock.nowMs();
      await (await fetch(`http://${address}:8080/metrics`)).text();
      took.push(systemClock.nowMs() - startedMs);
    }
    // half of them: the machine that runs the tests does other things too
    assert.ok(took.toSorted((a, b) => a - b)[10]! < 50, `${took.map(Math.round)} ms`);
  } finally {
    await docker(["exec", container, "bash", "-c", "pkill -CONT -x postgres"]);
  }
  await cluster.waitWhole();
});
