// Failover benchmark: per fault the longest gap between two acknowledged writes through pgpool, lost writes, and how long the
// old primary takes to be back as a standby. `deno task bench [--runs N] [--only FAULT]`.
import { loadavg } from "node:os";
import process from "node:process";
import { systemClock, waitUntil } from "../../roles/runtime/time.ts";
import { say, task } from "../../tools/terminal.ts";
import { Cluster } from "../support/cluster.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { type Fault, faults } from "./faults.ts";

/** One primary and two standbys behind the entry point, as DESIGN.md section 10 measures. */
const nodes = ["pgmaster", "pgslave1", "pgslave3"];

interface Run {
  gapMs: number;
  missing: number;
  rejoinMs: number;
}

const seconds = (ms: number) => (ms / 1000).toFixed(1);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

async function writes(ledger: Ledger, more: number): Promise<void> {
  const goal = ledger.count + more;
  await waitUntil(() => Promise.resolve(ledger.count >= goal), {
    what: `${more} writes`,
    deadlineMs: 60_000,
    everyMs: 50,
  }, {
    clock: systemClock,
  });
}

async function measure(cluster: Cluster, fault: Fault): Promise<Run> {
  const primary = await cluster.waitWhole(90_000, nodes);
  await cluster.waitPool(nodes);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await writes(ledger, 40);
  const end = await fault.strike(cluster, primary);
  await writes(ledger, 40);
  const from = systemClock.nowMs();
  await end();
  const now = await cluster.waitWhole(90_000, nodes);
  const rejoinMs = systemClock.nowMs() - from;
  await cluster.waitPool(nodes);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(now))! });
  return { gapMs: report.longestGapMs, missing: report.missing.length, rejoinMs };
}

function row(name: string, runs: readonly Run[]): string {
  const gaps = runs.map((r) => r.gapMs);
  const back = runs.map((r) => r.rejoinMs);
  return `${name.padEnd(18)} gap ${seconds(median(gaps))} s (${seconds(Math.min(...gaps))} to ${
    seconds(Math.max(...gaps))
  }), lost ${runs.map((r) => r.missing).join("/")}, back after ${seconds(median(back))} s (${
    seconds(Math.min(...back))
  } to ${seconds(Math.max(...back))})`;
}

await task(async () => {
  const argument = (name: string) => process.argv[process.argv.indexOf(name) + 1];
  const runs = process.argv.includes("--runs") ? Number(argument("--runs")) : 3;
  const only = process.argv.includes("--only") ? argument("--only")! : "";
  const cluster = await Cluster.prepare({ name: "bench", compose: "v2" });
  try {
    await cluster.up([...nodes, "pgpool"]);
    for (const fault of faults.filter((f) => f.name.includes(only))) {
      const measured: Run[] = [];
      for (let i = 0; i < runs; i++) measured.push(await measure(cluster, fault));
      say(row(fault.name, measured));
    }
    say(`load ${loadavg().map((l) => l.toFixed(1)).join(" ")}`);
  } finally {
    if (!process.argv.includes("--keep")) await cluster.down();
  }
});
