// The acts of a soak on the real containers of a cluster.
import type { Cluster } from "../support/cluster.ts";
import { docker, exec } from "../support/docker.ts";
import { staysTrueFor } from "../support/waits.ts";
import type { Act } from "./plan.ts";

/**
 * Does the act and ends it. The fault lasts as long as the act says; afterwards everything runs or is starting. Throws if two
 * nodes say at the same time that they are the primary.
 */
export async function perform(act: Act, cluster: Cluster): Promise<void> {
  const each = (work: (node: string) => Promise<unknown>) => Promise.all(act.targets.map(work));
  const oneAtMost = () => cluster.primary().then(() => true);
  const lasts = async (end: () => Promise<unknown>) => {
    try {
      await staysTrueFor(act.lastsMs, oneAtMost, { what: "at most one primary", everyMs: 1_000 });
    } finally {
      await end();
    }
  };
  switch (act.kind) {
    case "kill":
      await each((n) => cluster.kill(n));
      return await lasts(() => each((n) => cluster.start(n)));
    case "stop":
      await each((n) => cluster.stop(n, 15));
      return await lasts(() => each((n) => cluster.start(n)));
    case "restart":
      return void await each(async (n) => docker(["restart", "--time", "15", await cluster.container(n)]));
    case "kill-postmaster":
      return void await each(async (n) =>
        exec(await cluster.container(n), ["bash", "-c", "kill -9 $(head -1 $PGDATA/postmaster.pid)"])
      );
    case "freeze":
      await each((n) => cluster.freeze(n));
      return await lasts(() => each((n) => cluster.thaw(n)));
    case "cut":
      await each((n) => cluster.disconnect(n));
      return await lasts(() => each((n) => cluster.connect(n)));
    case "wipe":
      return void await each((n) => cluster.wipe(n));
    case "kill-pool":
      return await killAndStart("pgpool", cluster);
    case "kill-barman":
      return await killAndStart("backup", cluster);
    case "restart-all":
      await each((n) => cluster.kill(n));
      return await lasts(() => each((n) => cluster.start(n)));
  }
}

async function killAndStart(service: string, cluster: Cluster): Promise<void> {
  await cluster.kill(service);
  await cluster.start(service);
}
