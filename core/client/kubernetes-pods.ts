// A small client of Kubernetes' API server: reads and labels pods, by the account of this container's own pod.
import { request, type RequestOptions } from "node:https";
import { z } from "zod";
import { readMounted } from "../runtime/files.ts";
import { errorText, OperatorError } from "../words/errors.ts";

/** Where Kubernetes mounts what a pod needs to ask the API server; the token there changes every hour. */
export const accountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";
/** One question may take so long, milliseconds. */
const askMs = 2_000;
const mostAnswerBytes = 1_000_000;

/** A pod as it was read. */
export interface SeenPod {
  name: string;
  /** changes with each change of the pod, whatever changes it */
  version: string;
  labels: Readonly<Record<string, string>>;
}

/** Labels and their new values; null takes the label away. */
export type LabelChange = Readonly<Record<string, string | null>>;

/** The pods of this container's namespace. Each function throws an OperatorError within a few seconds. */
export interface Pods {
  /** null: there is no pod of this name */
  read(name: string): Promise<SeenPod | null>;
  /** changes labels if the pod is still as it was read; false: it is not, and nothing was changed */
  label(pod: SeenPod, change: LabelChange): Promise<boolean>;
}

interface Deps {
  /** of this container */
  environment: Readonly<Record<string, string | undefined>>;
  directory?: string;
}

const PodAnswer = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});

export function kubernetesPods(deps: Deps): Pods {
  return {
    read: async (name) => {
      const { status, body } = await ask("get", name, deps);
      if (status === 404) return null;
      require2xx("get", name, status, body);
      return asPod(name, body);
    },
    label: async ({ name, version }, labels) => {
      const change = JSON.stringify({ metadata: { resourceVersion: version, labels } });
      const { status, body } = await ask("patch", name, deps, change);
      if (status === 404 || status === 409) return false;
      require2xx("patch", name, status, body);
      return true;
    },
  };
}

function asPod(name: string, body: string): SeenPod {
  try {
    const { metadata } = PodAnswer.parse(JSON.parse(body));
    return { name, version: metadata.resourceVersion, labels: metadata.labels };
  } catch (error) {
    throw new OperatorError({
      what: `What the API server of Kubernetes says of the pod ${name} is not a pod`,
      fix: "see that KUBERNETES_SERVICE_HOST leads to the API server",
      cause: error,
    });
  }
}

type Verb = "get" | "patch";

async function ask(verb: Verb, pod: string, { environment, directory = accountDirectory }: Deps, change?: string) {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host || !port) {
    throw new OperatorError({
      what: "Pods cannot be labelled: KUBERNETES_SERVICE_HOST is not set, so this container is not in a pod",
      fix: "outside of Kubernetes take KUBERNETES_ROLE_PODS out",
    });
  }
  const [token, namespace, ca] = await Promise.all(
    ["token", "namespace", "ca.crt"].map((file) => mounted(`${directory}/${file}`)),
  );
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace!)}/pods/${encodeURIComponent(pod)}`;
  const headers: Record<string, string> = { accept: "application/json", authorization: `Bearer ${token}` };
  if (change !== undefined) headers["content-type"] = "application/merge-patch+json";
  const target: RequestOptions = { host, port, path, method: verb.toUpperCase(), headers, ca: ca!, agent: false };
  return await send(target, change).catch((error) => {
    throw new OperatorError({
      what: "The API server of Kubernetes does not answer",
      why: errorText(error),
      fix: "labels of pods stay as they are meanwhile, and it is asked again; if it runs, let the nodes reach it",
      cause: error,
    });
  });
}

async function mounted(path: string): Promise<string> {
  const text = (await readMounted(path).catch((error) => unusable(path, errorText(error))))?.trim();
  return text || unusable(path, text === undefined ? "it is not there" : "it is empty");
}

function unusable(path: string, why: string): never {
  throw new OperatorError({
    what: `Pods cannot be labelled: ${path} cannot be used`,
    why,
    fix: "give the pod automountServiceAccountToken: true and a fsGroup, or take KUBERNETES_ROLE_PODS out",
  });
}

function send(target: RequestOptions, body?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(askMs);
    const failed = (error: Error) => reject(signal.aborted ? new Error(`no answer within ${askMs / 1000} s`) : error);
    const req = request({ ...target, signal }, (res) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      res.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > mostAnswerBytes) req.destroy(new Error("the answer is over 1 MB"));
      });
      res.on("error", failed);
      res.on("end", () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
    });
    req.on("error", failed);
    req.end(body);
  });
}

/** Explains what the API server says. */
function require2xx(verb: Verb, pod: string, status: number, body: string): void {
  if (status >= 200 && status < 300) return;
  const why = messageIn(body);
  switch (status) {
    case 401:
      throw new OperatorError({
        what: "The API server of Kubernetes does not take the token of this pod's service account",
        why,
        fix: "see that the service account of the pod is there; if it was made anew, delete the pod",
      });
    case 403:
      throw new OperatorError({
        what: `This pod's service account may not ${verb} the pod ${pod}`,
        why,
        fix: `give it a Role with the verbs get and patch on the pod ${pod}; the chart has one with rbac.create`,
      });
    default:
      throw new OperatorError({
        what: `The API server of Kubernetes answers ${status} when it is to ${verb} a pod`,
        why,
        fix: "see the log of the API server; it is asked again",
      });
  }
}

/** The words of a Status object, or the beginning of whatever was said instead. */
function messageIn(body: string): string {
  try {
    const { message } = z.object({ message: z.string().min(1) }).parse(JSON.parse(body));
    return message;
  } catch {
    return body.slice(0, 200).trim() || "it says nothing more";
  }
}
