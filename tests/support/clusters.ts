// The clusters of scenarios: the example cluster that most share, and clusters of a scenario's own.
import process from "node:process";
import { attempt } from "../../tools/terminal.ts";
import { Cluster, type ClusterOptions, services } from "./cluster.ts";

/** Longest time from nothing to a whole cluster, milliseconds. */
export const startMs = 150_000;

/** `test:scenario --keep`: clusters stay for whoever wants to look at them. */
const keep = process.env.POSTDOCK_TEST_KEEP === "1";

/**
 * The example cluster that scenarios share: started where it is not there, always handed over whole. Who makes anything in it
 * takes it away again, so that each scenario runs alone, in any order, and twice.
 */
export async function exampleCluster(): Promise<Cluster> {
  const cluster = await Cluster.prepare({ name: "example" });
  await cluster.up();
  for (const service of services) {
    await attempt(["docker", "start", await cluster.container(service)], { timeoutMs: 60_000 });
  }
  await cluster.waitWhole(startMs);
  await cluster.waitPool();
  return cluster;
}

/** A cluster of its own for one scenario: empty at its beginning, whatever a run that was cut off has left, and gone at its end. */
export type OwnCluster = Cluster & AsyncDisposable;

/** To be bound with `await using`. Nothing is started. */
export async function ownCluster(options: ClusterOptions): Promise<OwnCluster> {
  const cluster = await Cluster.prepare(options);
  await cluster.down();
  return Object.assign(cluster, { [Symbol.asyncDispose]: () => discard(cluster) });
}

/** Removes a cluster and its data, unless it is to be kept. */
export async function discard(cluster: Cluster): Promise<void> {
  if (!keep) await cluster.down();
}
