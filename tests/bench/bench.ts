// `deno task bench [--runs N] [--stock N] [--mb N] [--only PART,…] [--keep]`: failover, cost and sizes, as ratios against stock
// repmgr and pgpool, and backups and restores of so many MB against the plain tools, on the same images in the same run. Parts:
// the names of the faults, switchover, return, cost, scrape, sizes, stability, stalls, backup, restore.
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { optionsOf } from "../../tools/options.ts";
import { root, say, task } from "../../tools/terminal.ts";
import { Cluster } from "../support/cluster.ts";
import { withFirstLevel } from "../support/variants.ts";
import { measureBackups } from "./backups.ts";
import { measureCost, median, warmUp } from "./cost.ts";
import { measure, measureReturn, measureSwitchover, type Run } from "./failover.ts";
import { type Fault, faults } from "./faults.ts";
import { measureScrapes, scrapeText } from "./scrape.ts";
import { measureStability } from "./stability.ts";
import { measureStalls, type Stalled, stalls } from "./stalls.ts";
import { measureStock, type StockRun } from "./stock.ts";

/** One primary and two standbys behind the entry point. */
const nodes = ["pgmaster", "pgslave1", "pgslave3"];

const seconds = (ms: number) => (ms / 1000).toFixed(1);
const range = (values: readonly number[]) =>
  `${seconds(median(values))} s (${seconds(Math.min(...values))} to ${seconds(Math.max(...values))})`;

const memory = (resident: number, own: number) => `${resident.toFixed(0)} MB resident (${own.toFixed(0)} MB its own)`;

interface Options {
  runs: number;
  stock: number;
  /** data of the cluster that is backed up and restored */
  mb: number;
  keep: boolean;
  wants(part: string): boolean;
}

function options(): Options {
  const { only: text, runs = 3, stock = 1, mb = 1_000, keep } = optionsOf({
    only: "text",
    runs: "count",
    stock: "count",
    mb: "count",
    keep: "flag",
  });
  const only = text?.split(",");
  return {
    runs,
    stock,
    mb,
    keep,
    wants: (part) => only === undefined || only.some((o) => part.includes(o)),
  };
}

function ours(runs: readonly Run[]): string {
  const lost = runs.map((r) => r.missing).join("/");
  return `${range(runs.map((r) => r.gapMs))}, lost ${lost}, back after ${range(runs.map((r) => r.rejoinMs))}`;
}

function theirs(runs: readonly StockRun[], runsOfOurs: readonly Run[]): string {
  return runs.map(({ gapMs, missing, primaries }) => {
    const two = primaries > 1 ? ", two primaries" : "";
    if (gapMs === null) return `never within 75 s${two}`;
    const ratio = gapMs / median(runsOfOurs.map((r) => r.gapMs));
    return `${seconds(gapMs)} s, lost ${missing ?? "?"}${two}; ${ratio.toFixed(1)} times ours`;
  }).join(" | ");
}

function ages({ renewals, older, tps }: Stalled): string {
  const beyond = ["1", "1.5", "2", "2.5", "4"].map((s) => `${older[s]} after ${s} s`).join(", ");
  return `${renewals} renewals, later than ${beyond}; ${tps} tps; load ${loadavg()[0]?.toFixed(0)}`;
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < times; i++) results.push(await work());
  return results;
}

/** Runs work on a cluster of so many first-level nodes and a pool. */
async function withCluster<T>(size: number, keep: boolean, work: (cluster: Cluster, names: string[]) => Promise<T>) {
  const { edit, names } = withFirstLevel(size, nodes);
  const cluster = await Cluster.prepare({ name: `bench${size}`, edit });
  try {
    await cluster.up([...names, "pgpool"]);
    await cluster.waitWhole(180_000, names);
    return await work(cluster, names);
  } finally {
    if (!keep) await cluster.down();
  }
}

await task(async () => {
  const { runs, stock, mb, keep, wants } = options();
  const report: Record<string, unknown> = {};
  const tell = (part: string, line: string, value: unknown) => {
    say(`${part.padEnd(18)} ${line}`);
    report[part] = value;
  };
  const struck = faults.filter((f) => wants(f.name));
  const own = new Map<Fault, Run[]>();
  if (struck.length > 0 || ["switchover", "return", "cost", "scrape"].some(wants)) {
    await withCluster(3, keep, async (cluster) => {
      for (const fault of struck) {
        own.set(fault, await repeat(runs, () => measure(cluster, fault, nodes)));
        tell(fault.name, ours(own.get(fault)!), own.get(fault));
      }
      if (wants("switchover")) {
        const made = await repeat(runs, () => measureSwitchover(cluster, nodes));
        tell("switchover", ours(made), made);
      }
      if (wants("return")) {
        const made = await repeat(runs, () => measureReturn(cluster, nodes));
        tell("return of a standby", ours(made), made);
      }
      if (wants("cost")) {
        await warmUp();
        const cost = await measureCost(cluster, nodes, await cluster.waitWhole(90_000, nodes));
        const each = cost.perNode.map((n) =>
          `${n.node} agent ${n.agentCpu.toFixed(2)} % of a core, ${memory(n.agentMb, n.agentOwnMb)}, ` +
          `fence ${n.fenceCpu.toFixed(2)} %, ${memory(n.fenceMb, n.fenceOwnMb)}`
        );
        const probe = `probe ${cost.probeCommandMs.toFixed(0)} ms as a command, ${
          cost.probeHttpMs.toFixed(1)
        } ms over HTTP`;
        tell("cost", [probe, ...each].join("; "), cost);
      }
      if (wants("scrape")) {
        if (!wants("cost")) await warmUp();
        const cost = await measureScrapes(cluster, await cluster.waitWhole(90_000, nodes));
        tell("scrape", scrapeText(cost), cost);
      }
    });
  }
  for (const [fault, measured] of stock > 0 ? own : []) {
    const base = await repeat(stock, () => measureStock(fault));
    tell(`stock ${fault.name}`, theirs(base, measured), base);
  }
  for (const size of wants("sizes") ? [3, 5, 9] : []) {
    await withCluster(size, false, async (cluster, names) => {
      const killed = faults.find((f) => f.name === "killed")!;
      const made = await repeat(runs, () => measure(cluster, killed, names));
      const primary = await cluster.waitWhole(90_000, names);
      const { leasePerSecond } = await measureCost(cluster, names, primary);
      const line = `killed ${ours(made)}; lease ${leasePerSecond.toFixed(1)} requests a second`;
      tell(`${size} nodes`, line, { killed: made, leasePerSecond });
    });
  }
  for (const ttl of wants("stability") ? [1, 2, 3, 5] : []) {
    const seen = await measureStability(ttl, nodes);
    tell(`LEASE_TTL ${ttl}`, `${seen.fenced} times fenced in 90 s of pgbench with 32 clients, ${seen.tps} tps`, seen);
  }
  const stalled = Object.keys(stalls).filter((stall) => wants("stalls") || wants(stall));
  if (stalled.length > 0) await measureStalls(stalled, nodes, (seen) => tell(seen.stall, ages(seen), seen));
  if (wants("backup") || wants("restore")) await measureBackups({ mb, runs, keep, wants }, tell);
  const load = loadavg().map((l) => l.toFixed(1)).join(" ");
  say(`load ${load}`);
  await mkdir(join(root, "dist"), { recursive: true });
  await writeFile(join(root, "dist", "bench.json"), JSON.stringify({ schema: 1, load, ...report }, null, 2) + "\n");
});
