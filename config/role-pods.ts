// KUBERNETES_ROLE_PODS: the pods that get a label by the role of their node.
import { type ConfigProblem, env, MalformedValue } from "./env.ts";
import { hostName } from "./host-name.ts";

/** A node, by its CLUSTER_NODE_NETWORK_NAME, and the pod that it runs in. */
export interface RolePod {
  host: string;
  pod: string;
}

/** A name of a pod: a DNS subdomain (RFC 1123). */
const podName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** `host=pod[,host=pod]`. Throws MalformedValue. */
export function parseRolePods(text: string): RolePod[] {
  const pods = text.split(",").map((entry) => {
    const malformed = (why: string) => new MalformedValue(`is malformed: entry ${JSON.stringify(entry)} ${why}`);
    const [host = "", pod = "", ...more] = entry.split("=").map((part) => part.trim());
    if (host === "" || pod === "" || more.length > 0) throw malformed("is not host=pod");
    if (!podName.test(pod)) throw malformed("has no name of a pod after =");
    try {
      return { host: hostName(host), pod };
    } catch (error) {
      throw malformed((error as Error).message);
    }
  });
  for (const key of ["host", "pod"] as const) {
    const names = pods.map((p) => p[key]);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new MalformedValue(`lists the ${key} ${JSON.stringify(twice)} twice`);
  }
  return pods;
}

export const rolePods = env<RolePod[]>("KUBERNETES_ROLE_PODS", parseRolePods, {
  fallback: [],
  defaultText: "",
  accepts: "host=pod[,host=pod]: the nodes by their CLUSTER_NODE_NETWORK_NAME, this one included, and their pods",
  doc:
    "On Kubernetes: the primary labels these pods by the role of their nodes, and services select them by it. The pod's " +
    "service account needs the verbs get and patch on these pods. Empty: no pod is labelled.",
  changed: "New.",
});

/** A node that leads and is not in its own list would never be the primary of a service. */
export function rolePodsProblems(pods: readonly RolePod[], host: string): ConfigProblem[] {
  if (pods.length === 0 || pods.some((p) => p.host === host)) return [];
  const listed = pods.map((p) => p.host).join(",");
  return [{
    variable: rolePods.name,
    message: `KUBERNETES_ROLE_PODS lists ${listed}, and not this node, ${JSON.stringify(host)}`,
    fix: `add ${host}=POD, where POD is the name of this node's pod, on all nodes`,
  }];
}
