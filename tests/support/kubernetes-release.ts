// A release of the chart on the real Kubernetes of `deno task kubernetes up`, in a namespace of its own.
import { join } from "node:path";
import { defaultHttpPort } from "../../config/http-port.ts";
import { Peers } from "../../core/client/peers.ts";
import { type AnyStatus } from "../../core/protocol/status.ts";
import type { CommandResult } from "../../core/runtime/command.ts";
import { systemClock, waitUntil, withDeadline } from "../../core/runtime/time.ts";
import { adminConfig } from "../../tools/kubernetes.ts";
import { ensureKubernetesClients } from "../../tools/kubernetes-clients.ts";
import { attempt, execute, root } from "../../tools/terminal.ts";
import type { Json } from "./kubernetes-objects.ts";
import { Ledger, type Target } from "./ledger.ts";
import { wholeMs } from "./waits.ts";
import { describe, primaryOfWhole } from "./whole.ts";

const deps = { clock: systemClock };
const { helm, kubectl } = await ensureKubernetesClients();
const chart = join(root, "kubernetes", "chart");
/** The value postDock.name, with which all names begin. */
const system = "mysystem";
const startMs = 180_000;

export interface Pod {
  name: string;
  /** of this very pod: the next one of its name has another */
  uid: string;
  machine: string;
  address: string | null;
  ready: boolean;
}

/** Runs kubectl, whatever its exit code. */
export const tryKubectl = (argv: readonly string[], { input, timeoutMs = 60_000 }: {
  input?: string;
  timeoutMs?: number;
} = {}): Promise<CommandResult> =>
  attempt([kubectl, `--kubeconfig=${adminConfig}`, ...argv], { timeoutMs, ...(input === undefined ? {} : { input }) });

export class Release {
  private readonly peers = new Peers(systemClock, defaultHttpPort);

  private constructor(readonly namespace: string, private readonly values: readonly string[]) {}

  /** Makes the namespace, which enforces the restricted profile, without what an interrupted run has left. */
  static async prepare(namespace: string, values: Readonly<Record<string, string>> = {}): Promise<Release> {
    const images = ["postgres", "pgpool", "barman"].map((name) => `${name}.tag=latest`);
    const given = Object.entries(values).map(([path, value]) => `${path}=${value}`);
    const release = new Release(namespace, [...images, ...given].flatMap((v) => ["--set", v]));
    await release.remove();
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } };
    await execute([kubectl, `--kubeconfig=${adminConfig}`, "apply", "-f", "-"], {
      timeoutMs: 30_000,
      input: JSON.stringify(object),
    });
    return release;
  }

  /** Removes everything of it. */
  async remove(): Promise<void> {
    const argv = ["delete", "namespace", this.namespace, "--ignore-not-found", "--timeout=120s"];
    await execute([kubectl, `--kubeconfig=${adminConfig}`, ...argv], { timeoutMs: 130_000 });
  }

  kubectl(argv: readonly string[], timeoutMs = 60_000): Promise<string> {
    return execute([kubectl, `--kubeconfig=${adminConfig}`, "-n", this.namespace, ...argv], { timeoutMs });
  }

  try(argv: readonly string[], timeoutMs = 60_000): Promise<CommandResult> {
    return tryKubectl(["-n", this.namespace, ...argv], { timeoutMs });
  }

  /** `helm install` and `helm upgrade` in one, with further values as `path=value`. */
  async install(...more: string[]): Promise<void> {
    await this.helm("upgrade", "--install", "release", chart, ...this.values, ...more.flatMap((v) => ["--set", v]));
  }

  helm(...argv: string[]): Promise<string> {
    const where = ["--kubeconfig", adminConfig, "--namespace", this.namespace];
    return execute([helm, ...where, ...argv], { timeoutMs: startMs });
  }

  private async get(...what: string[]): Promise<Json> {
    return JSON.parse(await this.kubectl(["get", ...what, "-o", "json"]));
  }

  /** The pods of the nodes, or of a component, in the order of their names. */
  async pods(selector = "name=database"): Promise<Pod[]> {
    const { items } = await this.get("pods", "-l", selector);
    return items.map(({ metadata, spec, status }: Json) => ({
      name: metadata.name,
      uid: metadata.uid,
      machine: spec.nodeName ?? "",
      address: status.podIP ?? null,
      ready: status.conditions?.some((c: Json) => c.type === "Ready" && c.status === "True") ?? false,
    })).toSorted((a: Pod, b: Pod) => a.name < b.name ? -1 : 1);
  }

  async pod(name: string): Promise<Pod> {
    const pod = (await this.pods("system=mysystem")).find((p) => p.name === name);
    if (!pod) throw new Error(`There is no pod ${name} in ${this.namespace}`);
    return pod;
  }

  /** /status of a pod, or null if it does not answer. */
  async status({ address, name }: Pod): Promise<AnyStatus | null> {
    if (address === null) return null;
    const asked = withDeadline(this.peers.getText(address, "/status", 2_000), 2_500, name);
    const text = await asked.catch(() => null);
    return text === null ? null : JSON.parse(text) as AnyStatus;
  }

  /** The address of a service, which stays. */
  async service(name = `${system}-pgpool`): Promise<string> {
    return (await this.get("service", name)).spec.clusterIP;
  }

  /** Waits until so many nodes are one primary and streaming standbys, and every pod of the release is ready. Returns the primary. */
  async whole(count = 3, deadlineMs = wholeMs): Promise<Pod> {
    let last = "nothing seen";
    const look = async () => {
      const pods = await this.pods();
      const statuses = await Promise.all(pods.map((pod) => this.status(pod)));
      const seen = pods.map(({ name }, i) => {
        const status = statuses[i];
        return { service: name, status: status?.component === "postgres-node" ? status : null };
      });
      const unready = (await this.pods(`system=${system}`)).filter((p) => !p.ready).map((p) => p.name);
      last = `${
        seen.map(({ service, status }) => `${service}: ${describe(status)}`).join("; ")
      }; not ready: ${unready}`;
      if (pods.length !== count || unready.length > 0) return null;
      return pods.find((p) => p.name === primaryOfWhole(seen)) ?? null;
    };
    const what = `${count} nodes with one primary, and ready pods`;
    return await waitUntil(look, { what, deadlineMs, why: () => last }, deps);
  }

  /** The timeline of the primary. */
  async timeline(primary: Pod): Promise<number> {
    const status = await this.status(primary);
    if (status?.component !== "postgres-node") throw new Error(`${primary.name} says nothing`);
    return status.postgres.timeline!;
  }

  /** How applications log in. */
  async target(host: string): Promise<Target> {
    const { data } = await this.get("secret", `${system}-secret`);
    const text = (key: string) => atob(data[key]);
    return { host, user: text("app.db.user"), password: text("app.db.password"), database: "mysystem.mysystem" };
  }

  /** A writer through a service. */
  async writer(service?: string): Promise<Ledger> {
    return await Ledger.start(await this.target(await this.service(service)), () => this.service(service));
  }

  /** Runs a command of PostDock in a pod. */
  postdock(pod: string, argv: readonly string[], timeoutMs = 60_000): Promise<string> {
    return this.kubectl(["exec", pod, "--", "postdock", ...argv], timeoutMs);
  }

  /** Waits until the pod of this name is another one than before. */
  async replaced({ name, uid }: Pod, deadlineMs = wholeMs): Promise<void> {
    const isAnother = async () => (await this.pods("system=mysystem")).some((p) => p.name === name && p.uid !== uid);
    await waitUntil(isAnother, { what: `another pod ${name}`, deadlineMs }, deps);
  }
}

/** What is done, to the present primary, and how many nodes there are before and afterwards. */
export type Step = [
  what: string,
  work: (primary: Pod) => Promise<unknown>,
  counts?: readonly [before: number, after: number],
];

/** Does one step under a writer, and says how long nothing could be written. Returns the primary afterwards. */
export async function watchedStep(release: Release, ledger: Ledger, ...[what, work, counts]: Step): Promise<Pod> {
  const primary = await release.whole(counts?.[0]);
  const timeline = await release.timeline(primary);
  const from = systemClock.nowMs();
  await work(primary);
  const now = await release.whole(counts?.[1], 3 * wholeMs);
  const seconds = (systemClock.nowMs() - from) / 1000;
  await ledger.writes(10);
  const gap = ledger.longestGapSince(from) / 1000;
  const changes = await release.timeline(now) - timeline;
  console.log(
    `${what}: whole after ${seconds.toFixed(1)} s, ${changes} changes of the primary, ` +
      `longest time without a write ${gap.toFixed(1)} s`,
  );
  return now;
}
