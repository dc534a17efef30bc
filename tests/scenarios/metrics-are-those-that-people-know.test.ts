// Promise: a node shows what postgres_exporter shows of the same server, under the same names, types and labels, with the same
// values; a scrape answers within 50 ms, whatever PostgreSQL does. The rules for alerts are valid.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ensureMonitoring } from "../../tools/images.ts";
import { root } from "../../tools/terminal.ts";
import { type Cluster, firstLevel, type Service } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { docker } from "../support/docker.ts";
import { nameOf, parseScrape, type Scrape } from "../support/series.ts";

const deps = { clock: systemClock };
const exporterImage = "postdock-test/stock-exporter";

/** Names of postgres_exporter that a node has not, or has otherwise, each with the reason. */
const leftOut: readonly { names: RegExp; because: string }[] = [
  { names: /^(go|promhttp)_/, because: "they are about the exporter's own program" },
  { names: /^process_(network|virtual_memory_max)/, because: "they are about the exporter's own program" },
  { names: /^postgres_exporter_/, because: "they are about the exporter's own configuration" },
  { names: /^pg_stat_archiver_last_archive_age/, because: "NaN there while nothing was archived; absent here" },
  {
    names: /^pg_settings_(extra_float_digits|transaction_read_only)/,
    because: "each client sets them for its session",
  },
  { names: /^pg_scrape_collector_/, because: "its collectors are named after its source files" },
];
/** Values that two looks at different moments see differently, or that are about the session that looks. */
const moving =
  /^(pg_stat_activity_|pg_stat_database_numbackends|pg_locks_count|pg_replication_la|pg_exporter_|process_|pg_stat_replication_|pg_replication_slots?_)/;

async function scrape(cluster: Cluster, node: Service): Promise<Scrape> {
  const answer = await fetch(`http://${await cluster.address(node)}:8080/metrics`);
  return parseScrape(await answer.text());
}

/** postgres_exporter beside the node, in its network. */
async function withStock(cluster: Cluster, node: Service, use: (scrape: () => Promise<Scrape>) => Promise<void>) {
  const name = `${await cluster.container(node)}-exporter`;
  const source = `postgresql://monkey_user:monkey_pass@${node}:5432/monkey_db?sslmode=disable`;
  const run = [
    "run",
    "--rm",
    "-d",
    "--name",
    name,
    "--network",
    await cluster.network(),
    "-e",
    `DATA_SOURCE_NAME=${source}`,
  ];
  await docker([...run, exporterImage]);
  try {
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const address = (await docker(["inspect", "--format", format, name])).trim();
    const look = async () => parseScrape(await (await fetch(`http://${address}:9187/metrics`)).text());
    const up = async () => (await look().catch(() => null))?.values.get("pg_up") === 1;
    await waitUntil(up, { what: "postgres_exporter", deadlineMs: 20_000 }, deps);
    await use(look);
  } finally {
    await docker(["rm", "-f", name]);
  }
}

/** Waits until everything was read once more after now. */
async function readAgain(cluster: Cluster, node: Service): Promise<Scrape> {
  const rounds = (s: Scrape) => s.values.get("pg_exporter_scrapes_total") ?? 0;
  const before = rounds(await scrape(cluster, node));
  return await waitUntil(
    async () => {
      const now = await scrape(cluster, node);
      return rounds(now) > before ? now : null;
    },
    { what: `${node} to read its metrics again`, deadlineMs: 25_000, everyMs: 500 },
    deps,
  );
}

function differences(ours: Scrape, before: Scrape, after: Scrape): string[] {
  const found: string[] = [];
  for (const [series, value] of after.values) {
    const name = nameOf(series);
    if (leftOut.some(({ names }) => names.test(name)) || !before.values.has(series)) continue;
    if (name.startsWith("pg_stat_activity_") && !/usename=""/.test(series)) continue; // sessions come and go
    const own = ours.values.get(series);
    if (own === undefined) found.push(`missing: ${series} ${value}`);
    else if (ours.types.get(name) !== after.types.get(name)) {
      found.push(`${name} is a ${ours.types.get(name)}, not a ${after.types.get(name)}`);
    } else if (!moving.test(name)) {
      const low = Math.min(before.values.get(series)!, value) - 1;
      const high = Math.max(before.values.get(series)!, value) * 1.001 + 1;
      if (own < low || own > high) {
        found.push(`${series} is ${own}, and ${before.values.get(series)} to ${value} there`);
      }
    }
  }
  return found;
}

test("a primary and a standby show what postgres_exporter shows, and more", async () => {
  await ensureMonitoring();
  const context = join(root, "tests/support/stock-exporter");
  await docker(["build", "--quiet", "--tag", exporterImage, context], 300_000);
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  await cluster.psql(primary, "create table seen(i serial primary key); insert into seen default values; analyze seen");
  try {
    for (const node of [primary, firstLevel.find((n) => n !== primary)!]) {
      await withStock(cluster, node, async (look) => {
        const before = await look();
        const ours = await readAgain(cluster, node);
        assert.deepEqual(differences(ours, before, await look()), [], node);
        assert.ok(ours.values.has("pg_postmaster_start_time_seconds"));
        assert.ok(ours.values.has("pg_stat_bgwriter_checkpoints_timed_total"), "a name that PostgreSQL 17 has no more");
        assert.equal([...ours.values.values()].some(Number.isNaN), false, "what is not known is absent");
        for (const [series, age] of ours.values) {
          if (nameOf(series) === "postdock_metrics_age_seconds") assert.ok(age < 75, `${series} ${age}`);
        }
      });
    }
  } finally {
    await cluster.psql(primary, "drop table seen");
  }
});

test("the rules are valid, and Prometheus reads its configuration", async () => {
  await ensureMonitoring();
  const run = ["run", "--rm", "--network", "none", "postdock/monitoring:latest", "promtool"];
  const checked = await docker([...run, "check", "config", "/etc/postdock-monitoring/prometheus.yml"]);
  assert.match(checked, /SUCCESS: \d+ rules found/);
  await docker([...run, "test", "rules", "/etc/postdock-monitoring/rules.test.yml"]);
});

test("a scrape answers at once while PostgreSQL is frozen, and shows no old value as if it were new", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const standby = firstLevel.find((n) => n !== primary)!;
  const container = await cluster.container(standby);
  const address = await cluster.address(standby);
  await readAgain(cluster, standby);
  await docker(["exec", container, "bash", "-c", "pkill -STOP -x postgres"]);
  try {
    const hidden = async () => !(await scrape(cluster, standby)).values.has("pg_wal_segments");
    await waitUntil(hidden, { what: "values that cannot be read to be absent", deadlineMs: 30_000 }, deps);
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const startedMs = systemClock.nowMs();
      await (await fetch(`http://${address}:8080/metrics`)).text();
      took.push(systemClock.nowMs() - startedMs);
    }
    // half of them: the machine that runs the tests does other things too
    assert.ok(took.toSorted((a, b) => a - b)[10]! < 50, `${took.map(Math.round)} ms`);
    const failed = await scrape(cluster, standby);
    assert.equal(failed.values.get('pg_scrape_collector_success{collector="settings"}'), 0);
  } finally {
    await docker(["exec", container, "bash", "-c", "pkill -CONT -x postgres"]);
  }
  await cluster.waitWhole();
});
