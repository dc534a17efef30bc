// The machines of the Kubernetes under test: a network namespace each, on a cable that can be pulled, with its own container
// runtime, kubelet and kube-proxy.
import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { attempt, execute } from "../terminal.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import {
  apiAddress,
  cniConfig,
  containerdToml,
  dnsAddress,
  kubeletConfig,
  type NodePlace,
  proxyConfig,
} from "./layout.ts";
import { emptyCgroup, endPrograms, startProgram } from "./processes.ts";

const timeoutMs = 30_000;
const run = (...argv: string[]) => execute(argv, { timeoutMs });
const quietly = (...argv: string[]) => attempt(argv, { timeoutMs });
const inside = (place: NodePlace, ...argv: string[]) => [`nsenter`, `--net=/run/netns/${place.namespace}`, ...argv];

/** The pause image, which holds a pod's namespaces. */
export const pauseImage = "postdock.test/pause:1";

/** The address of the API server, beside the loopback's own: not each kernel has dummy links. */
export async function makeApiAddress(): Promise<void> {
  await run("ip", "address", "replace", `${apiAddress}/32`, "dev", "lo");
}

export async function removeApiAddress(): Promise<void> {
  await quietly("ip", "address", "del", `${apiAddress}/32`, "dev", "lo");
}

/** Docker lets nothing pass that is not its own. */
const passing = ({ link }: NodePlace) =>
  [["-i", link], ["-o", link]].map((way) => ["DOCKER-USER", ...way, "-j", "ACCEPT"]);

/** Makes the network namespace, its cable and its routes. Every namespace has to be there before the first pod is. */
export async function makeNetwork(place: NodePlace): Promise<void> {
  const { address, hostAddress, link, namespace, pods } = place;
  await run("ip", "netns", "add", namespace);
  await run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace);
  await run("ip", "address", "add", `${hostAddress}/24`, "dev", link);
  await run("ip", "link", "set", link, "up");
  await run(...inside(place, "ip", "address", "add", `${address}/24`, "dev", "eth0"));
  for (const device of ["lo", "eth0"]) await run(...inside(place, "ip", "link", "set", device, "up"));
  await run(...inside(place, "ip", "route", "add", "default", "via", hostAddress));
  await run(...inside(place, "sysctl", "-qw", "net.ipv4.ip_forward=1"));
  await run("ip", "route", "replace", pods, "via", address);
  for (const rule of passing(place)) await run("iptables", "-I", ...rule);
}

const cgroups = "/sys/fs/cgroup";

/** A group of its own in each controller, below which the kubelet puts the pods. */
async function makeCgroups({ namespace }: NodePlace): Promise<void> {
  for (const controller of await readdir(cgroups)) {
    const directory = join(cgroups, controller, namespace);
    await mkdir(directory, { recursive: true });
    if (controller !== "cpuset") continue;
    for (const name of ["cpuset.cpus", "cpuset.mems"]) {
      await writeFile(join(directory, name), await readFile(join(cgroups, controller, name), "utf8"));
    }
  }
}

/** Starts the container runtime, and waits until it answers. */
export async function startRuntime(place: NodePlace): Promise<void> {
  const { directory, socket } = place;
  await mkdir(join(directory, "cni"), { recursive: true });
  await writeFile(join(directory, "cni", "10-pods.conflist"), cniConfig(place));
  await writeFile(join(directory, "containerd.toml"), containerdToml(place, pauseImage));
  await makeCgroups(place);
  const argv = ["containerd", "--config", join(directory, "containerd.toml")];
  await startProgram(directory, "containerd", inside(place, ...argv));
  const answers = async () => (await quietly("ctr", "--address", socket, "version")).code === 0;
  await waitUntil(answers, { what: `containerd of ${place.name}`, deadlineMs: 60_000, everyMs: 200 }, {
    clock: systemClock,
  });
}

/** The socket for device plugins, whose path no kubelet lets be chosen: of two that make it at once, one would end. */
const deviceSocket = "/var/lib/kubelet/device-plugins/kubelet.sock";
/** What tells the socket of one kubelet from that of the next; null: there is none. */
const deviceSocketAt = () => stat(deviceSocket).then(({ ino, ctimeMs }) => `${ino} ${ctimeMs}`, () => null);

/** Starts the kubelet, waits until it listens, and starts the kube-proxy; `configs`: the kubeconfig of each user. */
export async function startKubelet(
  place: NodePlace,
  programs: Readonly<Record<string, string>>,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const { address, directory, name } = place;
  const kubelet = join(directory, "kubelet.json");
  await writeFile(kubelet, kubeletConfig(place));
  const where = [`--hostname-override=${name}`, `--node-ip=${address}`, `--root-dir=${join(directory, "kubelet")}`];
  const argv = [programs.kubelet!, `--config=${kubelet}`, `--kubeconfig=${configs[name]}`, ...where];
  const former = await deviceSocketAt();
  await startProgram(directory, "kubelet", inside(place, ...argv));
  const listens = async () => ![former, null].includes(await deviceSocketAt());
  await waitUntil(listens, { what: `the kubelet of ${name} to listen`, deadlineMs: 60_000, everyMs: 100 }, {
    clock: systemClock,
  });
  await startProxy(place, programs, configs);
}

/** Starts the kube-proxy, which makes this machine a way to every service. */
export async function startProxy(
  place: NodePlace,
  programs: Readonly<Record<string, string>>,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const { directory } = place;
  await mkdir(directory, { recursive: true });
  const config = join(directory, "proxy.json");
  await writeFile(config, proxyConfig(configs.proxy!, place));
  await startProgram(directory, "kube-proxy", inside(place, programs["kube-proxy"]!, `--config=${config}`));
}

/** Pulls the cable of a machine, or puts it back. */
export async function cutMachine({ link, pods, address }: NodePlace, cut: boolean): Promise<void> {
  await run("ip", "link", "set", link, cut ? "down" : "up");
  if (!cut) await run("ip", "route", "replace", pods, "via", address);
}

/** Lets every question to the cluster's DNS from this machine and its pods vanish, or pass again. */
export async function swallowDns(place: NodePlace, swallow: boolean): Promise<void> {
  const rule = ["PREROUTING", "--destination", dnsAddress, "-j", "DROP"];
  await run(...inside(place, "iptables", "-t", "raw", swallow ? "-I" : "-D", ...rule));
}

/** Ends everything of a machine at once, as if its power were gone; its disk stays. */
export async function endMachine({ directory, namespace }: NodePlace): Promise<void> {
  await endPrograms(directory);
  for (const controller of await readdir(cgroups).catch(() => [])) {
    await emptyCgroup(join(cgroups, controller, namespace));
  }
}

const cni = "/var/lib/cni";

/** Removes the network namespaces of the pods of a machine, which the CNI plugins have noted, and their notes. */
async function removePodNetworks({ namespace }: NodePlace): Promise<void> {
  const results = join(cni, "results");
  const files = await readdir(results).catch(() => []);
  for (const file of files.filter((f) => f.startsWith(`${namespace}-`))) {
    const note = JSON.parse(await readFile(join(results, file), "utf8")) as {
      containerId: string;
      result: { interfaces?: { sandbox?: string }[] };
    };
    const sandboxes = new Set((note.result.interfaces ?? []).flatMap(({ sandbox }) => sandbox ?? []));
    for (const sandbox of sandboxes) await quietly("ip", "netns", "del", basename(sandbox));
    for (const own of files.filter((f) => f.includes(note.containerId))) await rm(join(results, own), { force: true });
  }
  await rm(join(cni, "networks", namespace), { recursive: true, force: true });
}

/** Removes what a machine was made of; its disk too. Returns what could not be removed. */
export async function removeMachine(place: NodePlace): Promise<string[]> {
  const { directory, link, namespace, pods } = place;
  const left: string[] = [];
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const path of mounts.filter((m) => m.startsWith(`${directory}/`)).toReversed()) {
    const unmounted = await quietly("umount", "--lazy", path);
    if (unmounted.code !== 0) left.push(`${path}: ${unmounted.stderr.trim()}`);
  }
  await removePodNetworks(place);
  for (const rule of passing(place)) while ((await quietly("iptables", "-D", ...rule)).code === 0);
  await quietly("ip", "route", "del", pods);
  await quietly("ip", "link", "del", link);
  await quietly("ip", "netns", "del", namespace);
  for (const controller of await readdir(cgroups).catch(() => [])) {
    await removeGroups(join(cgroups, controller, namespace));
  }
  await rm(directory, { recursive: true, force: true });
  return left;
}

async function removeGroups(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((e) => e.isDirectory())) await removeGroups(join(directory, entry.name));
  await rmdir(directory).catch(() => {}); // it is not there in each controller
}
