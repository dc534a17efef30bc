// The faults of a chaos run on real containers. Cuts are routes inside the containers' networks: the clients of the run,
// on the host, still reach every node, so that a second primary would be seen.
import { readFile, writeFile } from "node:fs/promises";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import type { Cluster } from "../cluster.ts";
import { docker, inNetworksOf, tryExec } from "../docker.ts";
import { stepClock } from "./clocks.ts";
import type { Fault } from "./fault.ts";

/** Ends a fault. */
export type Heal = () => Promise<void>;

const each = async (services: readonly string[], work: (service: string) => Promise<unknown>): Promise<void> => {
  await Promise.all(services.map(work));
};

/** Begins a fault, and returns a function that ends it. */
export async function strike(fault: Fault, cluster: Cluster): Promise<Heal> {
  const { targets } = fault;
  const start = () => each(targets, (s) => cluster.start(s));
  switch (fault.kind) {
    case "kill":
    case "kill-two":
    case "restart-all":
      await each(targets, (s) => cluster.kill(s));
      return start;
    case "stop":
      await each(targets, (s) => cluster.stop(s, 15));
      return start;
    case "kill-postmaster":
      await each(targets, (s) => signal(cluster, s, "KILL", postmaster));
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
    case "freeze-pool-sessions":
      return await freeze(cluster, targets, "$(pgrep -f '[p]gpool: monkey_user ')");
    case "isolate":
    case "pair":
    case "minority":
    case "majority":
    case "pool-cut":
    case "observers":
      return await cut(cluster, [[targets, fault.from], [fault.from, targets]]);
    case "one-way":
      return await cut(cluster, [[targets, fault.from]]);
    case "full-disk":
      await each(targets, (s) => inContainer(cluster, s, fillDisk));
      return () => each(targets, (s) => inContainer(cluster, s, `rm -f ${ballast}`));
    case "slow-disk":
      await each(targets, (s) => limitWrites(cluster, s, slowDiskBytes));
      return () => each(targets, (s) => limitWrites(cluster, s, null));
    case "clock":
      await each(targets, async (s) => {
        await stepClock(s, fault.stepSeconds!);
        const aheadMs = Number(await inContainer(cluster, s, "date +%s%3N")) - systemClock.wallMs();
        if (Math.abs(aheadMs - fault.stepSeconds! * 1000) > 2_000) throw new Error(`the clock of ${s} did not step`);
      });
      return () => each(targets, (s) => stepClock(s, 0));
    case "hold-down":
      throw new Error("its steps are carried out by holdDown()");
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

const ballast = "$PGDATA/pgsql_tmp.ballast";
/** Only a separate disk is filled: at most 4 GB. */
const fillDisk = `set -e; free() { df --output=avail -B1 $PGDATA | tail -1; }; test $(free) -lt 4294967296;
  fallocate -l $(($(free) - 4194304)) ${ballast}; dd if=/dev/zero of=${ballast} bs=64k oflag=append conv=notrunc 2>/dev/null || true`;
/** What a node may write in a second on a slow disk, bytes. */
const slowDiskBytes = 200_000;

/** Limits what a container writes to the disk of its data directory, by its control group (version 1 or 2); null: no limit. */
async function limitWrites(cluster: Cluster, service: string, bytes: number | null): Promise<void> {
  const container = await cluster.container(service);
  const pid = (await docker(["inspect", "--format", "{{.State.Pid}}", container])).trim();
  const device = await inContainer(cluster, service, `mountpoint -d $PGDATA`);
  const groups = (await readFile(`/proc/${pid}/cgroup`, "utf8")).split("\n").map((line) => line.split(":"));
  const blkio = groups.find((g) => g[1]?.split(",").includes("blkio"));
  if (blkio) {
    await writeFile(`/sys/fs/cgroup/blkio${blkio[2]}/blkio.throttle.write_bps_device`, `${device} ${bytes ?? 0}\n`);
  } else {
    const own = groups.find((g) => g[0] === "0")?.[2];
    await writeFile(`/sys/fs/cgroup${own}/io.max`, `${device} wbps=${bytes ?? "max"}\n`);
  }
}

async function inContainer(cluster: Cluster, service: string, script: string): Promise<string> {
  const result = await tryExec(await cluster.container(service), ["bash", "-c", script]);
  if (result.code !== 0) throw new Error(`${service}: ${script} failed: ${result.stderr.trim()}`);
  return result.stdout.trim();
}

/** Signals the processes that `pids` names, once they exist: some may just be being replaced. Returns their pids. */
async function signal(cluster: Cluster, service: string, name: "KILL" | "STOP", pids: string): Promise<string> {
  const container = await cluster.container(service);
  const once = async () => {
    const ask = `p="${pids}"; test -n "$p" && kill -${name} $p && echo $p`;
    const done = await tryExec(container, ["bash", "-c", ask]);
    return done.code === 0 && done.stdout.trim();
  };
  return await waitUntil(once, { what: `a process to signal in ${service}`, deadlineMs: 60_000 }, {
    clock: systemClock,
  });
}

/** Stops the processes that `pids` names; at the end those that still exist continue. */
async function freeze(cluster: Cluster, services: readonly string[], pids: string): Promise<Heal> {
  const frozen = new Map<string, string>();
  await each(services, async (s) => frozen.set(s, await signal(cluster, s, "STOP", pids)));
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

/**
 * Cuts a node off from all other containers, also from those that start later and have other addresses then. Clients on the
 * host come from the gateway and still reach it.
 */
export async function cutOff(cluster: Cluster, service: string): Promise<Heal> {
  const gateway = "$(ip route show default | sed 's/.* via //; s/ .*//')";
  const subnet = "$(ip route show scope link | sed 's/ .*//')";
  return await inNetworks(
    cluster,
    [service],
    (verb) => `ip rule ${verb} to ${gateway} lookup main prio 100; ip rule ${verb} to ${subnet} blackhole prio 101`,
  );
}

/** Limits what services send, to `rate` in tc's words. */
export async function limitSending(cluster: Cluster, services: readonly string[], rate: string): Promise<Heal> {
  const limit = `root tbf rate ${rate} burst 32kb latency 100ms`;
  const script = (verb: "add" | "del") => `tc qdisc ${verb} dev ${device} ${verb === "add" ? limit : "root"}`;
  return await inNetworks(cluster, services, script);
}

/** Does something in the services' networks, all at once, and undoes it at the end. */
async function inNetworks(
  cluster: Cluster,
  services: readonly string[],
  script: (verb: "add" | "del", service: string) => string,
): Promise<Heal> {
  const all = async (verb: "add" | "del") => {
    const entries = services.map(async (s) => [await cluster.container(s), script(verb, s)] as const);
    await inNetworksOf(new Map(await Promise.all(entries)));
  };
  await all("add");
  return () => all("del");
}
