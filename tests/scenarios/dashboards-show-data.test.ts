// Promise: every query of our dashboards, and of the public ones that people bring, returns data from a Prometheus that scrapes the
// example cluster. What does not is listed, with the reason, here and in docs/monitoring.md.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root } from "../../tools/terminal.ts";
import { type Cluster, firstLevel, pooled, type Service } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { tryExec } from "../support/docker.ts";
import { Prometheus } from "../support/prometheus.ts";
import { expressionsOf, publicDashboards } from "../support/public-dashboards.ts";

/** Panels of ours that show nothing in a cluster that is well, by "dashboard: title". */
const calm: Readonly<Record<string, string>> = {
  "cluster: Alerts": "no alert fires",
  "cluster: What went wrong": "nothing goes wrong",
  "backup: Its progress": "only while a base backup is taken",
  "backup: Verified": "only after `postdock barman verify`",
  "backup: Last verification": "only after `postdock barman verify`",
  "backup: Missing in the object store": "only with an object store",
};

/** Names that public dashboards ask for and that the example cluster does not show. */
const absent: Readonly<Record<string, string>> = {
  pgpool2_pool_cache_cache_hit_ratio: "only with memory_cache_enabled:on in CONFIGS of pgpool",
};

interface Query {
  /** where it is asked */
  of: string;
  expr: string;
}

/** The queries of our dashboards, for a primary and for a standby. */
async function ours(nodes: readonly Service[]): Promise<Query[]> {
  const folder = join(root, "monitoring/dashboards");
  const files = await readdir(folder);
  const each = await Promise.all(files.map(async (file) => {
    const { panels } = JSON.parse(await readFile(join(folder, file), "utf8"));
    const name = file.replace(".json", "");
    const instances = name === "node" ? nodes.map((node) => `${node}:8080`) : [".+"];
    return instances.flatMap((instance) =>
      panels.flatMap(({ title, targets = [] }: { title: string; targets?: { expr: string }[] }) =>
        targets.map(({ expr }) => ({ of: `${name}: ${title}`, expr: withValues(expr, { instance }) }))
      )
    );
  }));
  return each.flat();
}

/** The variables of dashboards, as Grafana puts them in: one that finds nothing is empty. */
const values = { cluster: "pg_cluster", job: "postdock", datname: "monkey_db", release: "", hostname: ".+" };

function withValues(expr: string, more: Readonly<Record<string, string>>): string {
  const all: Readonly<Record<string, string>> = { ...values, __rate_interval: "1m", ...more };
  return expr.replaceAll(/\$(\w+)/g, (_, name: string) => {
    assert.ok(name in all, `no value of $${name} in ${expr}`);
    return all[name]!;
  });
}

/** What the sessions end with, and how long one may take, milliseconds. */
const wait = "select pg_sleep(300)";
const longMs = 320_000;

/** Keeps sessions open, in a transaction with locks and through pgpool, until `use` has ended. */
async function withLoad(cluster: Cluster, primary: Service, use: () => Promise<void>): Promise<void> {
  const [node, pool] = await Promise.all([cluster.container(primary), cluster.container("pgpool")]);
  const psql = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-U", "monkey_user", "-d", "monkey_db"];
  const rounds =
    "insert into dashboards select from generate_series(1, 10); update dashboards set n = n; delete from dashboards";
  const hold = `begin; ${rounds}; select count(*) from dashboards; ${wait}`;
  const remote = ["env", "PGPASSWORD=monkey_pass", ...psql, "-h", "localhost"];
  await cluster.psql(primary, "drop table if exists dashboards; create table dashboards(n serial)");
  await cluster.psql(primary, rounds); // counted once its session has ended
  const sessions = [
    tryExec(node, [...psql, "-c", hold], longMs),
    tryExec(pool, [...remote, "-c", wait], longMs),
  ];
  try {
    await use();
  } finally {
    const end = `select pg_terminate_backend(pid) from pg_stat_activity where query like '%${wait}'`;
    for (const at of pooled) await cluster.psql(at, end);
    await Promise.all(sessions);
    await cluster.psql(primary, "drop table dashboards");
  }
}

test("every query of our dashboards and of public ones returns data", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  await using prometheus = await Prometheus.start(cluster);
  const standby = firstLevel.find((node) => node !== primary)!;
  const own = await ours([primary, standby]);
  const instance = { instance: `${primary}:8080` };
  const foreign = publicDashboards.flatMap((dashboard) =>
    expressionsOf(dashboard).map((expr) => ({ of: dashboard.title, expr: withValues(expr, instance) }))
  );
  assert.ok(own.length > 100 && foreign.length >= 80, `${own.length} and ${foreign.length} queries`);

  const empty = async ({ expr }: Query) => !(await prometheus.query(expr)).some(({ value }) => !Number.isNaN(value));
  const mayBeEmpty = ({ of, expr }: Query) => of in calm || Object.keys(absent).some((name) => expr.startsWith(name));
  let left = [...own, ...foreign].filter((query) => !mayBeEmpty(query));
  await withLoad(cluster, primary, async () => {
    const none = async () => {
      const still = await Promise.all(left.map(empty));
      left = left.filter((_, i) => still[i]);
      return left.length === 0;
    };
    const why = () => left.map(({ of, expr }) => `${of}: ${expr}`).join("\n");
    const wait = { what: "data for every query", deadlineMs: 120_000, everyMs: 2_000, why };
    await waitUntil(none, wait, { clock: systemClock });
    for (const query of [...own, ...foreign].filter(mayBeEmpty)) await prometheus.query(query.expr); // its form is right
  });
});
