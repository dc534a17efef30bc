// What PostDock costs while nothing happens: probes, the agents' CPU and memory, the lease's messages.
import { defaultHttpPort } from "../../config/http-port.ts";
import { Peers } from "../../core/client/peers.ts";
import { systemClock } from "../../core/runtime/time.ts";
import type { Cluster } from "../support/cluster.ts";
import { exec } from "../support/docker.ts";

const peers = new Peers(systemClock, defaultHttpPort);

export interface Cost {
  /** medians over 30 asks, milliseconds */
  probeCommandMs: number;
  probeHttpMs: number;
  perNode: PerNode[];
  /** requests for the lease that all voters together answer per second */
  leasePerSecond: number;
}

/**
 * Agent and fence process of a node: percent of a core, and memory in MB: resident, and their own plus a fair share of pages
 * that several processes map.
 */
export interface PerNode {
  node: string;
  agentCpu: number;
  fenceCpu: number;
  agentMb: number;
  agentOwnMb: number;
  fenceMb: number;
  fenceOwnMb: number;
}

const observeMs = 30_000;
const warmUpMs = 150_000;

/** In its first minutes the runtime compiles code that runs often: a cost of the start, not of an idle agent. */
export const warmUp = (): Promise<void> => systemClock.sleep(warmUpMs);

/** Measures an idle, whole cluster for half a minute. */
export async function measureCost(cluster: Cluster, nodes: readonly string[], primary: string): Promise<Cost> {
  const before = await Promise.all(nodes.map((n) => usage(cluster, n)));
  const from = systemClock.nowMs();
  await systemClock.sleep(observeMs); // the cluster is idle meanwhile
  const after = await Promise.all(nodes.map((n) => usage(cluster, n)));
  const seconds = (systemClock.nowMs() - from) / 1000;
  return {
    ...await probes(cluster, primary),
    perNode: nodes.map((node, i) => ({
      node,
      agentCpu: 100 * (after[i]!.agentCpuSeconds - before[i]!.agentCpuSeconds) / seconds,
      fenceCpu: 100 * (after[i]!.fenceCpuSeconds - before[i]!.fenceCpuSeconds) / seconds,
      ...memoryOf(after[i]!),
    })),
    leasePerSecond: after.reduce((sum, now, i) => sum + now.requests - before[i]!.requests, 0) / seconds,
  };
}

/** Agent and fence process of a node: CPU since their start (clock ticks of 10 ms), resident memory. */
async function usage(cluster: Cluster, node: string) {
  const script = `for kind in entrypoint fence; do pid=$(pgrep -f "^[^ ]*postdock postgres-node $kind")
    owner=$(stat -c %U /proc/$pid) # root in a container may not read another account's
    kb() { setpriv --reuid $owner --regid $owner --clear-groups awk -v what="$1:" '$1 == what {print $2}' /proc/$pid/smaps_rollup; }
    echo "$(sed 's/.*) //' /proc/$pid/stat | cut -d' ' -f12,13) $(kb Rss) $(kb Pss)"; done`;
  const lines = (await exec(await cluster.container(node), ["bash", "-c", script])).trim().split("\n");
  const parts = lines.map((line) => line.split(/\s+/).map(Number));
  const metrics = await peers.getText((await cluster.address(node))!, "/metrics", 2_000);
  const cpuSeconds = ([user = NaN, system = NaN]: readonly number[] = []) => (user + system) / 100;
  return {
    agentCpuSeconds: cpuSeconds(parts[0]),
    fenceCpuSeconds: cpuSeconds(parts[1]),
    agentMb: (parts[0]?.[2] ?? NaN) / 1024,
    agentOwnMb: (parts[0]?.[3] ?? NaN) / 1024,
    fenceMb: (parts[1]?.[2] ?? NaN) / 1024,
    fenceOwnMb: (parts[1]?.[3] ?? NaN) / 1024,
    requests: Number(/^postdock_lease_requests_total\{[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? NaN),
  };
}

const memoryOf = ({ agentMb, agentOwnMb, fenceMb, fenceOwnMb }: Awaited<ReturnType<typeof usage>>) => ({
  agentMb,
  agentOwnMb,
  fenceMb,
  fenceOwnMb,
});

async function probes(cluster: Cluster, primary: string) {
  const container = await cluster.container(primary);
  const script = "for i in $(seq 30); do a=$(date +%s%N); postdock healthcheck is-major-master > /dev/null; " +
    "b=$(date +%s%N); echo $(( (b - a) / 1000 )); done";
  const command = (await exec(container, ["bash", "-c", script], 60_000)).trim().split("\n").map((us) =>
    Number(us) / 1000
  );
  const address = (await cluster.address(primary))!;
  const http: number[] = [];
  for (let i = 0; i < 30; i++) {
    const from = systemClock.nowMs();
    await peers.getText(address, "/primary", 2_000);
    http.push(systemClock.nowMs() - from);
  }
  return { probeCommandMs: median(command), probeHttpMs: median(http) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
