// The faults of a chaos run on real containers. Cuts are routes inside the containers' networks: the clients of the run,
// on the host, still reach every node, so that a second primary would be seen.
import type { Cluster } from "../support/cluster.ts";
import { inNetworkOf, tryExec } from "../support/docker.ts";
import type { Fault } from "./plan.ts";

/** Ends a fault. */
export type Heal = () => Promise<void>;

const each = async (services: readonly string[], work: (service: string) => Promise<unknown>): Promise<void> => {
  await Promise.all(services.map(work));
};

/** Begins a fault; what is returned ends it. */
export async function strike(fault: Fault, cluster: Cluster): Promise<Heal> {
  const { targets } = fault;
  const start = () => each(targets, (s) => cluster.start(s));
  switch (fault.kind) {
    case "kill":
    case "restart-all":
      await each(targets, (s) => cluster.kill(s));
      return start;
    case "stop":
      await each(targets, (s) => cluster.stop(s, 15));
      return start;
    case "kill-postmaster":
      await each(targets, (s) => inContainer(cluster, s, `kill -9 ${postmaster}`));
      return () => Promise.resolve();
    case "freeze":
      await each(targets, (s) => cluster.freeze(s));
      return () => each(targets, (s) => cluster.thaw(s));
    case "freeze-agent":
      return await freeze(cluster, targets, "$(pgrep -P 1 -x postdock)");
    case "freeze-postmaster":
      return await freeze(cluster, targets, postmaster);
    case "freeze-repmgrd":
      return await freeze(cluster, targets, "$(pgrep -x repmgrd)");
    case "freeze-pool-worker":
      return await freeze(cluster, targets, "$(pgrep -f '[p]gpool: worker process')");
    case "isolate":
    case "pair":
    case "minority":
    case "majority":
    case "pool-cut":
      return await cut(cluster, [[targets, fault.from], [fault.from, targets]]);
    case "one-way":
      return await cut(cluster, [[targets, fault.from]]);
    case "no-dns":
      return await inNetworks(cluster, targets, (verb) => `ip route ${verb} blackhole 127.0.0.11 table local`);
    case "slow":
      return await inNetworks(
        cluster,
        targets,
        (verb) =>
          `tc qdisc ${verb} dev ${device} root${verb === "add" ? " tbf rate 64kbit burst 16kb latency 400ms" : ""}`,
      );
  }
}

const postmaster = "$(head -1 $PGDATA/postmaster.pid)";
const device = "$(ip route show default | sed 's/.* dev //; s/ .*//')";

async function inContainer(cluster: Cluster, service: string, script: string): Promise<string> {
  const result = await tryExec(await cluster.container(service), ["bash", "-c", script]);
  if (result.code !== 0) throw new Error(`${service}: ${script} failed: ${result.stderr.trim()}`);
  return result.stdout.trim();
}

/** Stops the processes that `pids` names; they go on at the end, those that still are. */
async function freeze(cluster: Cluster, services: readonly string[], pids: string): Promise<Heal> {
  const frozen = new Map<string, string>();
  await each(services, async (s) => {
    frozen.set(s, await inContainer(cluster, s, `p="${pids}"; kill -STOP $p && echo $p`));
  });
  return () => each(services, (s) => inContainer(cluster, s, `kill -CONT ${frozen.get(s)} || true`));
}

/** Drops what goes from one group to the other, for each pair of groups. */
async function cut(
  cluster: Cluster,
  ways: readonly (readonly [readonly string[], readonly string[]])[],
): Promise<Heal> {
  const services = [...new Set(ways.flat(2))];
  const addresses = new Map<string, string>();
  await each(services, async (s) => {
    const address = await cluster.address(s);
    if (address !== null) addresses.set(s, address);
  });
  const blocked = new Map<string, string[]>();
  for (const [from, to] of ways) {
    for (const service of from) blocked.set(service, to.flatMap((t) => addresses.get(t) ?? []));
  }
  return await inNetworks(
    cluster,
    [...blocked.keys()],
    (verb, service) => blocked.get(service)!.map((a) => `ip route ${verb} blackhole ${a}`).join("; "),
  );
}

/** Does something in the services' networks, all at once, and undoes it at the end. */
async function inNetworks(
  cluster: Cluster,
  services: readonly string[],
  script: (verb: "add" | "del", service: string) => string,
): Promise<Heal> {
  const all = (verb: "add" | "del") =>
    each(services, async (s) => inNetworkOf(await cluster.container(s), ["sh", "-ec", script(verb, s)]));
  await all("add");
  return () => all("del");
}
