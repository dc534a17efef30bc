// PURE: what runs inside the Kubernetes under test beside PostDock: cluster DNS, and volumes that are directories of a machine.
import { join } from "node:path";
import { dnsAddress, type NodePlace } from "./layout.ts";

export const dnsImage = "postdock.test/coredns:1";
export const volumesImage = "postdock.test/local-path-provisioner:1";
export const busyboxImage = "postdock.test/busybox:1";

/** Dockerfiles of images that hold one program each, by image; `pause`: the name of the pause image. */
export const dockerfiles = (pause: string): Readonly<Record<string, string>> => ({
  [pause]: 'FROM scratch\nCOPY busybox /bin/busybox\nENTRYPOINT ["/bin/busybox", "sleep", "2147483647"]\n',
  [busyboxImage]: "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\n",
  [dnsImage]: 'FROM scratch\nCOPY coredns /coredns\nENTRYPOINT ["/coredns"]\n',
  [volumesImage]: 'FROM scratch\nCOPY local-path-provisioner /provisioner\nENTRYPOINT ["/provisioner"]\n',
});

const account = (namespace: string, name: string) => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace },
});

/** A role for the whole cluster, given to one account. */
const allowed = (namespace: string, name: string, rules: readonly object[]) => [
  { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  },
];

const config = (namespace: string, name: string, data: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data,
});

function deployment(namespace: string, name: string, replicas: number, pod: object) {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
  };
}

const corefile = `.:53 {
    errors
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    cache 5
    reload
}
`;

function dns(): object[] {
  const [namespace, name] = ["kube-system", "coredns"];
  const rules = [
    { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
  ];
  const ports = ["UDP", "TCP"].map((protocol) => ({ name: `dns-${protocol.toLowerCase()}`, port: 53, protocol }));
  return [
    account(namespace, name),
    ...allowed(namespace, name, rules),
    config(namespace, name, { Corefile: corefile }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace },
      spec: { clusterIP: dnsAddress, selector: { app: name }, ports },
    },
    deployment(namespace, name, 2, {
      serviceAccountName: name,
      // one that leaves with its machine would be away for five minutes
      tolerations: [{ operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 }],
      topologySpreadConstraints: [{
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { app: name } },
      }],
      containers: [{
        name,
        image: dnsImage,
        imagePullPolicy: "Never",
        args: ["-conf", "/etc/coredns/Corefile"],
        readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
        volumeMounts: [{ name: "config", mountPath: "/etc/coredns" }],
      }],
      volumes: [{ name: "config", configMap: { name } }],
    }),
  ];
}

function volumes(places: readonly NodePlace[]): object[] {
  const [namespace, name] = ["local-path-storage", "local-path-provisioner"];
  const every = ["get", "list", "watch", "create", "patch", "update", "delete"];
  const rules = [
    { apiGroups: [""], resources: ["nodes", "persistentvolumeclaims", "configmaps", "pods/log"], verbs: every },
    { apiGroups: [""], resources: ["pods", "persistentvolumes", "endpoints", "events"], verbs: every },
    { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get", "list", "watch"] },
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: every },
  ];
  const nodePathMap = places.map((p) => ({ node: p.name, paths: [join(p.directory, "volumes")] }));
  const helper = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: { containers: [{ name: "helper-pod", image: busyboxImage, imagePullPolicy: "Never" }] },
  };
  const files = {
    "config.json": JSON.stringify({ nodePathMap }),
    "setup": '#!/bin/sh\nset -eu\n/bin/busybox mkdir -m 0777 -p "$VOL_DIR"\n',
    "teardown": '#!/bin/sh\nset -eu\n/bin/busybox rm -rf "$VOL_DIR"\n',
    "helperPod.yaml": JSON.stringify(helper),
  };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    account(namespace, name),
    ...allowed(namespace, name, rules),
    config(namespace, "local-path-config", files),
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "local-path", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "rancher.io/local-path",
      volumeBindingMode: "WaitForFirstConsumer",
      reclaimPolicy: "Delete",
    },
    deployment(namespace, name, 1, {
      serviceAccountName: name,
      containers: [{
        name,
        image: volumesImage,
        imagePullPolicy: "Never",
        args: ["start", "--config", "/etc/config/config.json", "--service-account-name", name],
        env: [{ name: "POD_NAMESPACE", value: namespace }, { name: "CONFIG_MOUNT_PATH", value: "/etc/config/" }],
        volumeMounts: [{ name: "config", mountPath: "/etc/config/" }],
      }],
      volumes: [{ name: "config", configMap: { name: "local-path-config" } }],
    }),
  ];
}

/** All of it as one list for `kubectl apply`. */
export const addons = (places: readonly NodePlace[]): string =>
  JSON.stringify({ apiVersion: "v1", kind: "List", items: [...dns(), ...volumes(places)] });
