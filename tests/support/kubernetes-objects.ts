// Objects of Kubernetes as helm renders them from the chart, and as kubectl builds them from a directory.
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { ensureKubernetesClients } from "../../tools/kubernetes-clients.ts";
import { attempt, root } from "../../tools/terminal.ts";

// deno-lint-ignore no-explicit-any
export type Json = any;
/** An object of Kubernetes, as its YAML has it. */
export interface Kube {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: Json;
}

const limitMs = 120_000; // a tenth of a second on a machine that is idle
const chart = join(root, "kubernetes", "chart");

/** Runs a program without a cluster: no configuration of the machine leads it to one. */
async function run(
  argv: readonly string[],
  { input, kubeconfig = "/dev/null" }: { input?: string; kubeconfig?: string } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { KUBECONFIG: kubeconfig, HELM_CACHE_HOME: "/nonexistent", HELM_CONFIG_HOME: "/nonexistent" };
  const result = await attempt(argv, { timeoutMs: limitMs, env, ...(input === undefined ? {} : { input }) });
  return { code: result.code ?? -1, stdout: result.stdout, stderr: result.stderr };
}

export interface HelmInput {
  /** YAML that is laid over the chart's own */
  values?: string;
  /** files of values, by their names in kubernetes/chart */
  files?: readonly string[];
  /** path of a file that leads to a cluster; without it helm sees none */
  kubeconfig?: string;
}

/** What helm does with the chart. */
export async function helm(
  command: readonly string[],
  { values = "", files = [], kubeconfig = "/dev/null" }: HelmInput = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { helm } = await ensureKubernetesClients();
  const given = files.flatMap((file) => ["-f", join(chart, file)]);
  return await run([helm, ...command, chart, "--namespace", "spaces", ...given, "-f", "-"], {
    input: values || "{}",
    kubeconfig,
  });
}

/** The objects that the chart makes of values. Throws what helm says if it refuses. */
export async function render(values = "", files: readonly string[] = []): Promise<Kube[]> {
  const result = await helm(["template", "release"], { values, files });
  if (result.code !== 0) throw new Error(result.stderr);
  return objectsOf(result.stdout);
}

/** The objects of a kustomization, by its path in the checkout. */
export async function kustomize(path: string): Promise<Kube[]> {
  const { kubectl } = await ensureKubernetesClients();
  const result = await run([kubectl, "kustomize", join(root, path)]);
  if (result.code !== 0) throw new Error(result.stderr);
  return objectsOf(result.stdout);
}

/** Throws if a key is there twice, which the last one would win without a word. */
export function objectsOf(text: string): Kube[] {
  return parseAllDocuments(text, { version: "1.1" }).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const object = document.toJS() as Kube | null;
    return object === null ? [] : [object];
  });
}

export interface Workload {
  object: Kube;
  /** names of its pods, as far as they are known before they run */
  pods: string[];
  labels: Record<string, string>;
  spec: Json;
}

/** The objects that make pods, and pods that stand alone. */
export function workloadsOf(objects: readonly Kube[]): Workload[] {
  return objects.flatMap((object): Workload[] => {
    const { name } = object.metadata;
    if (object.kind === "Pod") {
      return [{ object, pods: [name], labels: object.metadata.labels ?? {}, spec: object.spec }];
    }
    if (object.kind !== "StatefulSet" && object.kind !== "Deployment") return [];
    const { metadata, spec } = object.spec.template;
    const pods = Array.from({ length: object.spec.replicas }, (_, i) => `${name}-${i}`);
    return [{ object, pods, labels: metadata.labels, spec }];
  });
}

/** Whether labels fulfil a selector of label and value. */
export const selects = (selector: Record<string, string>, labels: Record<string, string>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);
