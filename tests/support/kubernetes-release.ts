// A release of the chart on the real Kubernetes of `deno task kubernetes up`, in a namespace of its own.
import { join } from "node:path";
import { type AnyStatus } from "../../core/protocol/status.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { adminConfig } from "../../tools/kubernetes/control-plane.ts";
import { ensureKubernetesClients } from "../../tools/kubernetes-clients.ts";
import { execute, root } from "../../tools/terminal.ts";
import { kubectl, type Pod, podsOf, secondsSince } from "./kubectl.ts";
import type { Json } from "./kubernetes-objects.ts";
import { Writers } from "./kubernetes-writers.ts";
import type { Target } from "./ledger.ts";
import type { LedgerPromise } from "./ledger-report.ts";
import { asNode, statusAt } from "./status-of.ts";
import { wholeMs } from "./waits.ts";
import { describe, primaryOfWhole } from "./whole.ts";

const deps = { clock: systemClock };
const { helm } = await ensureKubernetesClients();
export const chart = join(root, "kubernetes", "chart");
/** The value postDock.name, with which all names begin. */
const system = "mysystem";
/** Selects every pod of a release. */
export const everyPod = `system=${system}`;
export const nodes = `statefulset/${system}-db-node`;
const startMs = 180_000;

export class Release {
  readonly writers = new Writers(async (service) => await this.target(await this.entry(service)));

  /** `values`: options of helm; `database`: what applications use */
  private constructor(
    readonly namespace: string,
    readonly values: readonly string[],
    private readonly database: string,
  ) {}

  /** Makes the namespace, which enforces the restricted profile, without what an interrupted run has left. */
  static async prepare(namespace: string, values: Record<string, string> = {}, database = "mysystem.mysystem") {
    const images = ["postgres", "pgpool", "barman"].map((name) => `${name}.tag=latest`);
    const given = Object.entries(values).map(([path, value]) => `${path}=${value}`);
    const release = new Release(namespace, [...images, ...given].flatMap((v) => ["--set", v]), database);
    await release.remove();
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } };
    await kubectl(["apply", "-f", "-"], { timeoutMs: 30_000, input: JSON.stringify(object) });
    return release;
  }

  /** Removes everything of it. */
  private async remove(): Promise<void> {
    const argv = ["delete", "namespace", this.namespace, "--ignore-not-found", "--timeout=120s"];
    await kubectl(argv, { timeoutMs: 130_000 });
  }

  /** Ends the writers, and removes everything. */
  async end(): Promise<void> {
    await this.writers.stop();
    await this.remove();
  }

  kubectl(argv: readonly string[], timeoutMs = 60_000): Promise<string> {
    return kubectl(["-n", this.namespace, ...argv], { timeoutMs });
  }

  /** `helm install` and `helm upgrade` in one, with further values as `path=value`. */
  async install(...more: string[]): Promise<void> {
    await this.helm("upgrade", "--install", "release", chart, ...this.values, ...more.flatMap((v) => ["--set", v]));
  }

  /** Installs it, and waits until it is whole. */
  async begin(): Promise<void> {
    const from = systemClock.nowMs();
    await this.install();
    await this.whole(3, 3 * wholeMs);
    console.log(`ready ${secondsSince(from)} s after helm install`);
  }

  /** Waits until all pods of a kind are updated. */
  async rolledOut(kind = nodes, seconds = 300): Promise<void> {
    await this.kubectl(["rollout", "status", kind, `--timeout=${seconds}s`], (seconds + 10) * 1000);
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
    return podsOf(await this.get("pods", "-l", selector));
  }

  /** /status of a pod, or null if it does not answer. */
  status({ address, name }: Pod): Promise<AnyStatus | null> {
    return statusAt(address, name);
  }

  /** The address of a service, which stays as long as the release is installed. */
  async entry(service: string): Promise<string> {
    return (await this.get("service", `${system}-${service}`)).spec.clusterIP;
  }

  /** Waits until so many nodes are one primary and streaming standbys, and every pod of the release is ready. Returns the primary. */
  async whole(count = 3, deadlineMs = wholeMs): Promise<Pod> {
    let last = "nothing seen";
    const look = async () => {
      const pods = await this.pods();
      const statuses = await Promise.all(pods.map((pod) => this.status(pod)));
      const seen = pods.map(({ name }, i) => ({ service: name, status: asNode(statuses[i]!) }));
      const unready = (await this.pods(everyPod)).filter((p) => !p.ready).map((p) => p.name);
      last = `${
        seen.map(({ service, status }) => `${service}: ${describe(status)}`).join("; ")
      }; not ready: ${unready}`;
      if (pods.length !== count || unready.length > 0) return null;
      return pods.find((p) => p.name === primaryOfWhole(seen)) ?? null;
    };
    const what = `${count} nodes with one primary, and ready pods`;
    return await waitUntil(look, { what, deadlineMs, why: () => last }, deps);
  }

  /** Waits until exactly one of these pods says that it is the primary, which needs no API server. */
  async primaryAmong(pods: readonly Pod[], deadlineMs = wholeMs): Promise<Pod> {
    const look = async () => {
      const statuses = await Promise.all(pods.map((pod) => this.status(pod)));
      const leads = pods.filter((_, i) => asNode(statuses[i] ?? null)?.postgres.role === "primary");
      return leads.length === 1 ? leads[0]! : null;
    };
    return await waitUntil(look, { what: "one primary", deadlineMs }, deps);
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
    return { host, user: text("app.db.user"), password: text("app.db.password"), database: this.database };
  }

  /** Stops the writers. Throws if what one was told is not there, or if it had to wait longer. */
  async finish(promise: LedgerPromise): Promise<void> {
    await this.writers.finish(await this.target((await this.whole()).address!), promise);
  }

  /** Runs a command of PostDock in a pod. */
  postdock(pod: string, argv: readonly string[], timeoutMs = 60_000): Promise<string> {
    return this.kubectl(["exec", pod, "--", "postdock", ...argv], timeoutMs);
  }

  /** Waits until the pod of this name is another one than before. */
  async replaced({ name, uid }: Pod, deadlineMs = wholeMs): Promise<void> {
    const isAnother = async () => (await this.pods(everyPod)).some((p) => p.name === name && p.uid !== uid);
    await waitUntil(isAnother, { what: `another pod ${name}`, deadlineMs }, deps);
  }

  /**
   * Does something to the present primary under the writer, and says how long nothing could be written. `counts`: how many nodes
   * there are before and afterwards. Returns the primary afterwards.
   */
  async step(
    what: string,
    work: (primary: Pod) => Promise<unknown>,
    counts: readonly [before?: number, after?: number] = [],
  ): Promise<Pod> {
    const primary = await this.whole(counts[0]);
    const timeline = await this.timeline(primary);
    const from = systemClock.nowMs();
    await work(primary);
    const now = await this.whole(counts[1], 3 * wholeMs);
    const whole = secondsSince(from);
    await this.writers.written(10);
    const gaps = this.writers.gapsSince(from);
    const changes = await this.timeline(now) - timeline;
    console.log(
      `${what}: whole after ${whole} s, ${changes} changes of the primary, longest time without a write ${gaps}`,
    );
    return now;
  }
}
