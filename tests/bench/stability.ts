// How short LEASE_TTL may be on this machine: a primary under full load must not lose its lease while nothing is wrong.
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster } from "../support/cluster.ts";
import { allOf } from "../support/compose-file.ts";
import { exec, logsOf } from "../support/docker.ts";
import { onNodes, onNodesAndPool } from "../support/variants.ts";

export interface Stability {
  ttlSeconds: number;
  /** how often a primary was fenced although nothing was wrong */
  fenced: number;
  /** pgbench's transactions per second meanwhile, on all cores */
  tps: number;
}

const loadSeconds = 90;

/** Runs one cluster with this LEASE_TTL, renewed five times in that time, under pgbench with 32 clients for 90 s. */
export async function measureStability(ttlSeconds: number, nodes: readonly string[]): Promise<Stability> {
  const ttl = { LEASE_TTL: ttlSeconds };
  const edit = allOf(onNodesAndPool(ttl), onNodes({ LEASE_RENEW_INTERVAL: ttlSeconds / 5 }));
  const cluster = await Cluster.prepare({ name: "stability", edit });
  await cluster.down();
  try {
    await cluster.up([...nodes, "pgpool"]);
    const primary = await cluster.waitWhole(120_000, nodes);
    await waitUntil(async () => (await cluster.nodeStatus(primary))?.lease.held, {
      what: "the lease",
      deadlineMs: 60_000,
    }, { clock: systemClock });
    const container = await cluster.container(primary);
    const bench = (args: string) =>
      exec(
        container,
        ["bash", "-c", `gosu postgres pgbench ${args} monkey_db 2>&1 || true`],
        (loadSeconds + 120) * 1000,
      );
    await bench("-q -i -s 10");
    const said = await bench(`-c 32 -j 2 -T ${loadSeconds}`);
    const logs = await Promise.all(nodes.map(async (n) => await logsOf(await cluster.container(n))));
    const fenced = logs.join("\n").split("\n").filter((line) => line.includes('"event":"Fenced"')).length;
    return { ttlSeconds, fenced, tps: Math.round(Number(/^tps = ([\d.]+)/m.exec(said)?.[1] ?? NaN)) };
  } finally {
    await cluster.down();
  }
}
