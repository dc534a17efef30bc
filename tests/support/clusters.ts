// The clusters of scenarios: the example cluster that most share, and clusters of a scenario's own.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { attempt } from "../../tools/terminal.ts";
import { Cluster, type ClusterOptions, firstLevel, services } from "./cluster.ts";
import { docker } from "./docker.ts";

/** Longest time from nothing to a whole cluster, milliseconds. */
export const startMs = 150_000;

/** `test:scenario --keep`: clusters stay so that they can be looked at. */
export const keep = process.env.POSTDOCK_TEST_KEEP === "1";

/**
 * The example cluster that scenarios share: started if it does not run, and always whole. A scenario removes what it has made
 * in the cluster, so that each scenario runs alone, in any order, and twice.
 */
export async function exampleCluster(): Promise<Cluster> {
  const cluster = await Cluster.prepare({ name: "example" });
  const containers = () => Promise.all(services.map((service) => cluster.container(service)));
  const present = await containers().catch(() => null); // then Compose has nothing to do, for which it needs seconds
  if (present === null) await cluster.up();
  await docker(["start", ...present ?? await containers()]);
  await cluster.waitWhole(startMs);
  await cluster.waitLease(firstLevel);
  await cluster.waitPool();
  return cluster;
}

/** A separate cluster for one scenario: empty at its beginning, even after an interrupted run, and removed at its end. */
export type OwnCluster = Cluster & AsyncDisposable;

/** To be bound with `await using`. Nothing is started. */
export async function ownCluster(options: ClusterOptions): Promise<OwnCluster> {
  const cluster = await Cluster.prepare(options);
  await cluster.down();
  return Object.assign(cluster, { [Symbol.asyncDispose]: () => discard(cluster) });
}

/** Where the runner of scenarios looks for the logs of containers that a scenario which failed has removed. */
const logs = process.env.POSTDOCK_TEST_LOGS;

/** Removes a cluster and its data, unless it is to be kept. */
export async function discard(cluster: Cluster): Promise<void> {
  if (keep) return;
  await keepLogs(`com.docker.compose.project=${cluster.project}`);
  await cluster.down();
}

/** Writes the end of the log of each container with this label, for the runner. A cluster that is gone has none. */
export async function keepLogs(label: string): Promise<void> {
  const directory = logs;
  if (!directory) return;
  const list = await docker(["ps", "--all", "--filter", `label=${label}`, "--format", "{{.Names}}"]);
  const names = list.split("\n").filter(Boolean);
  await Promise.all(names.map(async (name) => {
    const { stdout, stderr } = await attempt(["docker", "logs", "--tail", "200", name], { timeoutMs: 30_000 });
    await writeFile(join(directory, name), stdout + stderr);
  }));
}
