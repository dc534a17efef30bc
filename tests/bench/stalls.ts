// How late renewals of the lease come under full load while something stalls: what each LEASE_TTL would have cost there.
import { availableParallelism } from "node:os";
import { systemClock } from "../../core/runtime/time.ts";
import { dropDisks, makeDisks, onDisks } from "../chaos/disks.ts";
import { Cluster, prefix } from "../support/cluster.ts";
import { allOf } from "../support/compose-file.ts";
import { docker, exec, inNetworksOf } from "../support/docker.ts";
import { strike } from "../support/faults/strike.ts";
import { onNodes, onNodesAndPool } from "../support/variants.ts";
import { agesOf } from "../soak/calm.ts";

/** Begins a stall on the primary, and returns a function that ends it. */
type Stall = (cluster: Cluster, primary: string, nodes: readonly string[]) => Promise<() => Promise<unknown>>;

const seconds = 60;
/** Long enough that no stall costs the lease: the age at each renewal says what a shorter lease would have cost. */
const ttlSeconds = 15;
const renewSeconds = 0.5;

const fault = (kind: "slow" | "slow-disk"): Stall => (cluster, primary) =>
  strike({ kind, targets: [primary], from: [], lastsMs: seconds * 1000 }, cluster);

/** Every three seconds the primary reaches no other container for this long. */
const cuts = (cutSeconds: number): Stall => async (cluster, primary, nodes) => {
  const addresses = await Promise.all([...nodes, "pgpool"].filter((n) => n !== primary).map((n) => cluster.address(n)));
  const each = (verb: string) => addresses.map((a) => `ip route ${verb} blackhole ${a}`).join("; ");
  const script =
    `for i in $(seq ${Math.floor(seconds / 3)}); do ${each("add")}; sleep ${cutSeconds}; ${each("del")}; ` +
    `sleep ${3 - cutSeconds}; done`;
  const done = inNetworksOf(new Map([[await cluster.container(primary), script]]), (seconds + 60) * 1000);
  return () => done;
};

/** Endless loops beside the cluster, with the same claim to the CPU as each container. */
const burn = (loops: number): Stall => async () => {
  const names = Array.from({ length: loops }, (_, i) => `${prefix}-burn-${i}`);
  const argv = ["--rm", "--detach", "--entrypoint", "sh"];
  for (const name of names) {
    await docker(["run", "--name", name, ...argv, "postdock/base:2.0", "-c", "while :; do :; done"]);
  }
  return () => docker(["rm", "--force", ...names]);
};

/** The primary's container gets so many CPUs and no more, its agent and PostgreSQL together. */
const quota = (cpus: number): Stall => async (cluster, primary) => {
  const container = await cluster.container(primary);
  await docker(["update", "--cpus", `${cpus}`, container]);
  return () => docker(["update", "--cpus", `${availableParallelism()}`, container]);
};

export const stalls: Readonly<Record<string, Stall>> = {
  "nothing else": () => Promise.resolve(() => Promise.resolve()),
  "network cut for 0.5 s of every 3 s": cuts(0.5),
  "network cut for 1 s of every 3 s": cuts(1),
  "network of 64 kbit/s, 0.4 s of queue": fault("slow"),
  "disk that writes 200 kB/s": fault("slow-disk"),
  "8 endless loops beside it": burn(8),
  "a quarter of a CPU for the primary": quota(0.25),
};

export interface Stalled {
  stall: string;
  renewals: number;
  /** renewals of a lease older than this, by seconds */
  older: Readonly<Record<string, number>>;
  tps: number;
}

/** Each of these stalls for a minute of pgbench with 32 clients on the primary of three nodes. */
export async function measureStalls(
  wanted: readonly string[],
  nodes: readonly string[],
  tell: (seen: Stalled) => void,
): Promise<void> {
  const disks = await makeDisks();
  const ttl = { LEASE_TTL: ttlSeconds };
  const edit = allOf(
    onNodesAndPool(ttl),
    onNodes({ LEASE_RENEW_INTERVAL: renewSeconds }),
    onDisks(disks.filter((d) => nodes.includes(d.service))),
  );
  const cluster = await Cluster.prepare({ name: "stalls", edit });
  try {
    await cluster.up([...nodes, "pgpool"]);
    const primary = await cluster.waitWhole(180_000, nodes);
    const container = await cluster.container(primary);
    const bench = (args: string, mostSeconds: number) =>
      exec(
        container,
        ["bash", "-c", `timeout -s KILL ${mostSeconds} gosu postgres pgbench ${args} monkey_db 2>&1 || true`],
        (mostSeconds + 60) * 1000,
      );
    await bench("-q -i -s 10", 120);
    for (const stall of wanted) {
      const begin = stalls[stall]!;
      if (disks.length === 0 && begin === stalls["disk that writes 200 kB/s"]) continue;
      const before = await agesOf(cluster, primary);
      const end = await begin(cluster, primary, nodes);
      let said: string;
      try {
        said = await bench(`-c 32 -j 2 -T ${seconds}`, seconds + 10);
      } finally {
        await end();
      }
      await systemClock.sleep(5_000);
      const after = await agesOf(cluster, primary);
      const renewals = after["+Inf"]! - (before["+Inf"] ?? 0);
      const older = Object.fromEntries(
        Object.entries(after).map(([upTo, n]) => [upTo, renewals - n + (before[upTo] ?? 0)]),
      );
      tell({ stall, renewals, older, tps: Math.round(Number(/^tps = ([\d.]+)/m.exec(said)?.[1] ?? NaN)) });
    }
  } finally {
    await cluster.down();
    await dropDisks(disks);
  }
}
