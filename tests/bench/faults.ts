// The benchmark's faults on the primary of a running cluster, and how each ends.
import type { Cluster } from "../support/cluster.ts";
import { docker } from "../support/docker.ts";

export interface Fault {
  name: string;
  /** begins the fault, and returns a function that ends it, so that the node can come back */
  strike(cluster: Cluster, primary: string): Promise<() => Promise<void>>;
}

export const faults: readonly Fault[] = [
  {
    name: "killed",
    strike: async (cluster, primary) => {
      await cluster.kill(primary);
      return () => cluster.start(primary);
    },
  },
  {
    name: "stopped",
    strike: async (cluster, primary) => {
      await cluster.stop(primary, 15);
      return () => cluster.start(primary);
    },
  },
  {
    name: "postmaster killed",
    strike: async (cluster, primary) => {
      const container = await cluster.container(primary);
      await docker(["exec", container, "bash", "-c", "kill -9 $(head -1 $PGDATA/postmaster.pid)"]);
      return () => Promise.resolve();
    },
  },
  {
    name: "partitioned",
    strike: async (cluster, primary) => {
      await cluster.disconnect(primary);
      return () => cluster.connect(primary);
    },
  },
  {
    name: "frozen",
    strike: async (cluster, primary) => {
      await cluster.freeze(primary);
      return () => cluster.thaw(primary);
    },
  },
];
