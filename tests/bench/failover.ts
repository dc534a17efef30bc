// One fault, or a switchover, under a client that writes every 50 ms: the longest gap between two acknowledged writes through
// pgpool, lost writes, and how long the old primary takes to be back as a standby.
import { systemClock } from "../../core/runtime/time.ts";
import type { Cluster } from "../support/cluster.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { exec } from "../support/docker.ts";
import type { Fault } from "./faults.ts";

export interface Run {
  /** longest time between two acknowledged writes, milliseconds */
  gapMs: number;
  missing: number;
  /** from the end of the fault until the cluster is whole, milliseconds */
  rejoinMs: number;
}

/** Runs one fault on the primary of a cluster; afterwards the cluster is whole again. */
export async function measure(cluster: Cluster, fault: Fault, nodes: readonly string[]): Promise<Run> {
  const primary = await cluster.waitWhole(90_000, nodes);
  await cluster.waitPool(nodes);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40, 60_000);
  const end = await fault.strike(cluster, primary);
  await ledger.writes(40, 60_000);
  const from = systemClock.nowMs();
  await end();
  const now = await cluster.waitWhole(90_000, nodes);
  const rejoinMs = systemClock.nowMs() - from;
  await cluster.waitPool(nodes);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(now))! });
  return { gapMs: report.longestGapMs, missing: report.missing.length, rejoinMs };
}

/** A planned switchover. */
export function measureSwitchover(cluster: Cluster, nodes: readonly string[]): Promise<Run> {
  const strike = async (_: Cluster, primary: string) => {
    await exec(await cluster.container(primary), ["postdock", "cluster", "switchover"], 60_000);
    return () => Promise.resolve();
  };
  return measure(cluster, { name: "switchover", strike }, nodes);
}

/** A standby that is stopped and comes back: the gap is the longest stall of sessions that do not use it. */
export function measureReturn(cluster: Cluster, nodes: readonly string[]): Promise<Run> {
  const strike = async (_: Cluster, primary: string) => {
    const standby = nodes.find((node) => node !== primary)!;
    await cluster.stop(standby);
    return () => cluster.start(standby);
  };
  return measure(cluster, { name: "return", strike }, nodes);
}
