// PURE: where everything of the Kubernetes under test is: addresses, files, and what its programs are told.
import { join } from "node:path";

/** The host's end, at which the API server listens. */
export const apiAddress = "10.201.0.1";
export const apiPort = 6443;
export const etcdPort = 23790;
export const dnsAddress = "10.96.0.10";
const serviceRange = "10.96.0.0/16";
const podRange = "10.244.0.0/16";

/** A machine of the cluster: a network namespace with a container runtime, a kubelet and a kube-proxy of its own. */
export interface NodePlace {
  name: string;
  /** name of its network namespace, and of its cgroup */
  namespace: string;
  /** the host's end of its cable; without it the machine is cut off */
  link: string;
  hostAddress: string;
  address: string;
  /** the range of addresses to which it is the host's way */
  pods: string;
  directory: string;
  socket: string;
}

/** The machines of a cluster whose state is in `directory`. */
export function nodePlaces(directory: string, count: number): NodePlace[] {
  return Array.from({ length: count }, (_, i) => i + 1).map((n) => ({
    name: `node${n}`,
    namespace: `pdk-node${n}`,
    link: `pdk-link${n}`,
    hostAddress: `10.201.${n}.1`,
    address: `10.201.${n}.2`,
    pods: `10.244.${n}.0/24`,
    directory: join(directory, `node${n}`),
    socket: join(directory, `node${n}`, "containerd.sock"),
  }));
}

/** Where clients of the tests come in, as at a load balancer: a machine that runs nothing but a kube-proxy. */
export const doorPlace = (directory: string): NodePlace => ({
  name: "door",
  namespace: "pdk-door",
  link: "pdk-door",
  hostAddress: "10.201.100.1",
  address: "10.201.100.2",
  pods: serviceRange,
  directory: join(directory, "door"),
  socket: "",
});

/** Who may ask the API server, by a token: name and groups. */
export const users: Readonly<Record<string, readonly [user: string, ...groups: string[]]>> = {
  admin: ["admin", "system:masters"],
  "controller-manager": ["system:kube-controller-manager"],
  scheduler: ["system:kube-scheduler"],
  proxy: ["system:kube-proxy"],
  ...Object.fromEntries([1, 2, 3].map((n) => [`node${n}`, [`system:node:node${n}`, "system:nodes"] as const])),
};

/** The API server's file of tokens, one line for each user. */
export function tokensCsv(tokens: Readonly<Record<string, string>>): string {
  return Object.entries(users).map(([key, [user, ...groups]]) =>
    `${tokens[key]},${user},${key}${groups.length > 0 ? `,"${groups.join(",")}"` : ""}\n`
  ).join("");
}

/** JSON is YAML. */
export function kubeconfig(token: string, authority: string): string {
  const server = `https://${apiAddress}:${apiPort}`;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "postdock", cluster: { server, "certificate-authority": authority } }],
    users: [{ name: "user", user: { token } }],
    contexts: [{ name: "postdock", context: { cluster: "postdock", user: "user" } }],
    "current-context": "postdock",
  });
}

/** Arguments of the API server; `pki`: the directory of keys and certificates. */
export const apiServerArguments = (pki: string): string[] => [
  `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  `--service-cluster-ip-range=${serviceRange}`,
  `--bind-address=${apiAddress}`,
  `--advertise-address=${apiAddress}`,
  `--secure-port=${apiPort}`,
  `--tls-cert-file=${join(pki, "server.crt")}`,
  `--tls-private-key-file=${join(pki, "server.key")}`,
  `--client-ca-file=${join(pki, "ca.crt")}`,
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-key-file=${join(pki, "accounts.pub")}`,
  `--service-account-signing-key-file=${join(pki, "accounts.key")}`,
  `--token-auth-file=${join(pki, "tokens.csv")}`,
  "--authorization-mode=Node,RBAC",
  "--kubelet-preferred-address-types=InternalIP",
  "--allow-privileged=true",
];

/**
 * A container runtime's configuration. `restrict_oom_score_adj`: where CAP_SYS_RESOURCE is missing, no process may lower its
 * oom_score_adj, and no pod would start.
 */
export const containerdToml = ({ directory, socket }: NodePlace, pauseImage: string): string =>
  `version = 2
root = "${join(directory, "containerd")}"
state = "${join(directory, "run")}"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(directory, "cni")}"
`;

/** The pods' network of one machine; host-local keeps its state by name. */
export const cniConfig = ({ namespace, pods }: NodePlace): string =>
  JSON.stringify({
    cniVersion: "0.4.0",
    name: namespace,
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: { type: "host-local", ranges: [[{ subnet: pods }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  });

export const kubeletConfig = ({ directory, namespace, socket }: NodePlace): string =>
  JSON.stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    // nothing but this machine reaches its address
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${namespace}`,
    failSwapOn: false,
    failCgroupV1: false,
    oomScoreAdj: 0,
    clusterDNS: [dnsAddress],
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: `unix://${socket}`,
    podLogsDir: join(directory, "logs"),
    evictionHard: { "memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 99,
    imageGCLowThresholdPercent: 98,
  });

/** `kubeconfig`: path of the proxy's. */
export const proxyConfig = (path: string, { name }: NodePlace): string =>
  JSON.stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: path },
    mode: "iptables",
    clusterCIDR: podRange,
    hostnameOverride: name,
    conntrack: { maxPerCore: 0 },
  });
