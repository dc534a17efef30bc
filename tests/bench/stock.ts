// The baseline: repmgr, repmgrd and pgpool of the same images as their manuals set them up, all intervals 1 s, no PostDock.
// Each run needs its own cluster: most faults leave one that does not come back by itself.
import { join } from "node:path";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root } from "../../tools/terminal.ts";
import { Cluster } from "../support/cluster.ts";
import type { ComposeService, Edit } from "../support/compose-file.ts";
import { Ledger, monkey, queryOnce } from "../support/ledger.ts";
import type { Fault } from "./faults.ts";

const hosts = ["pgmaster", "pgslave1", "pgslave3"];
/** A cluster without a write by then never has one again: no node is left to promote. */
const neverMs = 75_000;

export interface StockRun {
  /** longest time between two acknowledged writes, milliseconds; null: no write within 75 s of the fault */
  gapMs: number | null;
  missing: number | null;
  /** nodes that say that they are primary at the end */
  primaries: number;
}

/** Replaces the example: the nodes and pgpool of the same images, each started by its own script. */
const stock: Edit = (file) => {
  const scripts = `${join(root, "tests", "bench", "stock")}:/stock:ro`;
  const common = (script: string, image: string): ComposeService => ({
    image: `postdock/${image}:latest`,
    entrypoint: ["tini", "--", "bash", `/stock/${script}.sh`],
    healthcheck: { disable: true },
    networks: ["cluster"],
  });
  const node = (host: string, i: number): ComposeService => ({
    ...common("node", "postgres"),
    environment: { STOCK_ID: `${i + 1}`, STOCK_HOST: host },
    volumes: [scripts, `${host}:/var/lib/postgresql/data`],
  });
  file.services = {
    ...Object.fromEntries(hosts.map((host, i) => [host, node(host, i)])),
    pgpool: { ...common("pool", "pgpool"), volumes: [scripts] },
  };
  file.networks = { cluster: { driver: "bridge" } };
  file.volumes = Object.fromEntries(hosts.map((host) => [host, null]));
};

/** One fault on a fresh stock cluster. */
export async function measureStock(fault: Fault): Promise<StockRun> {
  const cluster = await Cluster.prepare({ name: "stock", edit: stock });
  await cluster.down();
  try {
    await cluster.up([...hosts, "pgpool"]);
    await waitUntil(() => standbysOf(cluster, "pgmaster").then((n) => n === 2, () => false), {
      what: "two standbys",
      deadlineMs: 90_000,
    }, { clock: systemClock });
    const pool = { ...monkey, host: (await cluster.address("pgpool"))! };
    await waitUntil(() => queryOnce(pool, (sql) => sql`select 1`, 2_000).then(() => true, () => false), {
      what: "pgpool to serve",
      deadlineMs: 60_000,
    }, { clock: systemClock });
    return await strike(cluster, fault, pool);
  } finally {
    await cluster.down();
  }
}

async function strike(cluster: Cluster, fault: Fault, pool: typeof monkey & { host: string }): Promise<StockRun> {
  const ledger = await Ledger.start(pool);
  const until = (goal: number, deadlineMs: number) =>
    waitUntil(() => Promise.resolve(ledger.count >= goal), { what: "writes", deadlineMs, everyMs: 50 }, {
      clock: systemClock,
    }).then(() => true, () => false);
  await until(100, 30_000);
  const end = await fault.strike(cluster, "pgmaster");
  const again = await until(ledger.count + 40, neverMs);
  await end();
  await systemClock.sleep(5_000); // a node that thaws or comes back reports its role
  await ledger.stop();
  const roles = await Promise.all(hosts.map((host) => isPrimary(cluster, host)));
  const leader = hosts.find((_, i) => roles[i] && (i > 0 || roles.filter(Boolean).length === 1));
  const report = leader === undefined
    ? null
    : await ledger.finish({ ...monkey, host: (await cluster.address(leader))! });
  return {
    gapMs: again ? report?.longestGapMs ?? null : null,
    missing: report?.missing.length ?? null,
    primaries: roles.filter(Boolean).length,
  };
}

async function standbysOf(cluster: Cluster, host: string): Promise<number> {
  return Number(await cluster.psql(host, "select count(*) from pg_stat_replication where state = 'streaming'"));
}

async function isPrimary(cluster: Cluster, host: string): Promise<boolean> {
  return await cluster.psql(host, "select pg_is_in_recovery()", "postgres").then((t) => t === "f", () => false);
}
