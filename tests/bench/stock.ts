// The baseline: repmgr, repmgrd and pgpool of the same images as their manuals set them up, all intervals 1 s, no PostDock.
// A run needs a cluster of its own: most faults leave one that does not come back by itself.
import { join } from "node:path";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root } from "../../tools/terminal.ts";
import { Cluster } from "../support/cluster.ts";
import { Ledger, monkey, queryOnce } from "../support/ledger.ts";
import type { Fault } from "./faults.ts";

const hosts = ["pgmaster", "pgslave1", "pgslave3"];
/** Whoever has not written again by then never does: nobody is left to promote. */
const neverMs = 75_000;

export interface StockRun {
  /** longest time between two acknowledged writes, milliseconds; null: no write within 75 s of the fault */
  gapMs: number | null;
  missing: number | null;
  /** nodes that say that they are primary at the end */
  primaries: number;
}

function composeFile(): string {
  const scripts = join(root, "tests", "bench", "stock");
  const common = (script: string, image: string) =>
    `    image: postdock/${image}:latest\n    entrypoint: ["tini", "--", "bash", "/stock/${script}.sh"]\n` +
    "    healthcheck: {disable: true}\n    networks: [cluster]\n";
  const node = (host: string, id: number) =>
    `  ${host}:\n${common("node", "postgres")}    environment: {STOCK_ID: "${id}", STOCK_HOST: ${host}}\n` +
    `    volumes: ["${scripts}:/stock:ro", "${host}:/var/lib/postgresql/data"]\n`;
  return "services:\n" + hosts.map((host, i) => node(host, i + 1)).join("") +
    `  pgpool:\n${common("pool", "pgpool")}    volumes: ["${scripts}:/stock:ro"]\n` +
    `networks:\n  cluster: {driver: bridge}\nvolumes:\n${hosts.map((h) => `  ${h}:\n`).join("")}`;
}

/** One fault on a fresh stock cluster. */
export async function measureStock(fault: Fault): Promise<StockRun> {
  const cluster = await Cluster.prepare({ name: "stock", compose: "v2", edit: composeFile });
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
  await systemClock.sleep(5_000); // whoever thaws or comes back says what it is
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
