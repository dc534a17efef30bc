// A real Prometheus beside the Kubernetes under test, which finds pods by their annotations, as most clusters have it.
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ensureMonitoring } from "../../tools/images.ts";
import { apiAddress, apiPort } from "../../tools/kubernetes/layout.ts";
import { pki } from "../../tools/kubernetes/control-plane.ts";
import { attempt, root } from "../../tools/terminal.ts";
import { docker } from "./docker.ts";
import type { Release } from "./kubernetes-release.ts";
import { kubectl } from "./kubectl.ts";
import { type Sample, samplesOf } from "./prometheus.ts";
import { wholeMs } from "./waits.ts";

const account = "prometheus";
const port = 19_090;
const at = "/etc/prometheus-under-test";

/** The account of Prometheus, which may see the pods of one namespace and nothing else. */
const rights = (namespace: string): object[] => {
  const api = "rbac.authorization.k8s.io";
  const metadata = { name: account, namespace };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: `${api}/v1`,
      kind: "Role",
      metadata,
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
    },
    {
      apiVersion: `${api}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: api, kind: "Role", name: account },
      subjects: [{ kind: "ServiceAccount", name: account, namespace }],
    },
  ];
};

const annotation = (name: string) => `__meta_kubernetes_pod_annotation_prometheus_io_${name}`;

/** The scrape of pods that Prometheus' own example for Kubernetes has, at a quick pace. */
const configuration = (namespace: string): object => ({
  global: { scrape_interval: "2s", scrape_timeout: "2s" },
  scrape_configs: [{
    job_name: "pods",
    kubernetes_sd_configs: [{
      role: "pod",
      api_server: `https://${apiAddress}:${apiPort}`,
      authorization: { credentials_file: `${at}/token` },
      tls_config: { ca_file: `${at}/ca.crt` },
      namespaces: { names: [namespace] },
    }],
    relabel_configs: [
      { source_labels: [annotation("scrape")], action: "keep", regex: "true" },
      { source_labels: [annotation("path")], action: "replace", target_label: "__metrics_path__", regex: "(.+)" },
      {
        source_labels: ["__meta_kubernetes_pod_ip", annotation("port")],
        separator: ":",
        action: "replace",
        regex: "(.+)",
        target_label: "__address__",
      },
      { source_labels: ["__meta_kubernetes_pod_name"], action: "replace", target_label: "pod" },
    ],
  }],
});

/** To be bound with `await using`, before the release ends. */
export class PodPrometheus implements AsyncDisposable {
  private constructor(private readonly container: string) {}

  /** Starts it on this machine, from where it reaches the pods, and waits until it answers. */
  static async start({ namespace }: Release): Promise<PodPrometheus> {
    await ensureMonitoring();
    const items = rights(namespace);
    await kubectl(["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
    const container = `postdock-${namespace}-prometheus`;
    const directory = join(root, "tests", ".work", container);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "prometheus.yml"), stringify(configuration(namespace)));
    await writeFile(join(directory, "token"), await kubectl(["-n", namespace, "create", "token", account]));
    await attempt(["docker", "rm", "--force", "--volumes", container], { timeoutMs: 30_000 }); // of an interrupted run
    await copyFile(join(pki, "ca.crt"), join(directory, "ca.crt"));
    const where = ["--storage.tsdb.path=/var/lib/monitoring/prometheus", `--web.listen-address=127.0.0.1:${port}`];
    const flags = [`--config.file=${at}/prometheus.yml`, ...where];
    const run = [
      "run",
      "--detach",
      "--rm",
      "--name",
      container,
      "--network",
      "host",
      "--volume",
      `${directory}:${at}:ro`,
    ];
    await docker([...run, "postdock/monitoring:latest", "prometheus", ...flags]);
    const prometheus = new PodPrometheus(container);
    try {
      const answers = async () => (await prometheus.query("vector(1)").catch(() => [])).length === 1;
      await waitUntil(answers, { what: "Prometheus to answer", deadlineMs: wholeMs }, { clock: systemClock });
      return prometheus;
    } catch (error) {
      await prometheus[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The series of an expression now. */
  query(expr: string): Promise<Sample[]> {
    return samplesOf(`127.0.0.1:${port}`, expr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker(["rm", "--force", "--volumes", this.container]);
  }
}
