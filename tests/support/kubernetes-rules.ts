// What has to hold for every set of objects that we ship for Kubernetes, whatever the values: as sentences about what breaks it.
import { readsLabel, roleLabel } from "../../roles/postgres-node/decide/role-label.ts";
import { type Json, type Kube, selects, type Workload, workloadsOf } from "./kubernetes-objects.ts";
import { rightsProblems } from "./kubernetes-rights.ts";

/** What the agents answer at without a look at other containers. */
const probePaths = ["/healthz", "/readyz"];

/** Everything that is wrong with these objects. `given`: names of secrets and config maps that the cluster has. Pure. */
export function ruleProblems(objects: readonly Kube[], given: readonly string[] = []): string[] {
  const workloads = workloadsOf(objects);
  return [
    ...doubles(objects.map((o) => `${o.kind} ${o.metadata.name}`)).map((what) => `${what} is there twice`),
    ...objects.flatMap(nameProblems),
    ...workloads.flatMap((w) => podProblems(w, objects, given).map((p) => `${w.object.metadata.name}: ${p}`)),
    ...workloads.flatMap((w) => rightsProblems(w, objects).map((p) => `${w.object.metadata.name}: ${p}`)),
    ...workloads.flatMap((w) => ownSelectorProblems(w, workloads)),
    ...objects.flatMap((o) => serviceProblems(o, workloads)),
    ...objects.flatMap((o) => budgetProblems(o, workloads)),
  ];
}

const doubles = (names: readonly string[]): string[] => [...new Set(names.filter((n, i) => names.indexOf(n) !== i))];

/** Kubernetes makes a label of the name of what makes pods and of eleven characters more; a label has 63 at most. */
function nameProblems({ kind, metadata }: Kube): string[] {
  const most = ["StatefulSet", "Deployment"].includes(kind) ? 52 : 63;
  const long = Object.entries(metadata.labels ?? {}).filter(([, value]) => value.length > 63);
  return [
    ...(metadata.name.length <= most ? [] : [`${kind} ${metadata.name} has a name of more than ${most} characters`]),
    ...long.map(([key]) => `${kind} ${metadata.name}: the label ${key} is too long`),
  ];
}

function podProblems({ object, spec }: Workload, objects: readonly Kube[], given: readonly string[]): string[] {
  const claims: string[] = (object.spec.volumeClaimTemplates ?? []).map((c: Json) => c.metadata.name);
  const volumes: Json[] = spec.volumes ?? [];
  const names = [...claims, ...volumes.map((v) => v.name)];
  const config = [
    ...volumes.flatMap((v) => [v.secret?.secretName, v.configMap?.name]),
    ...volumes.flatMap((v) => (v.projected?.sources ?? []).flatMap((s: Json) => [s.secret?.name, s.configMap?.name])),
    ...spec.containers.flatMap((c: Json) => (c.env ?? []).map((e: Json) => e.valueFrom?.secretKeyRef?.name)),
  ].filter((name) => name !== undefined);
  const there = objects.filter((o) => ["Secret", "ConfigMap"].includes(o.kind)).map((o) => o.metadata.name);
  const headless = object.kind !== "StatefulSet" ||
    objects.some((o) =>
      o.kind === "Service" && o.metadata.name === object.spec.serviceName && o.spec.clusterIP === "None" &&
      o.spec.publishNotReadyAddresses === true
    );
  return [
    ...doubles(names).map((name) => `two volumes are called ${name}`),
    ...config.filter((name) => ![...there, ...given].includes(name)).map((name) => `${name} is not there`),
    ...(headless ? [] : [`${object.spec.serviceName} is not a headless service that names pods before they are ready`]),
    ...(spec.enableServiceLinks === false ? [] : ["variables of services would be taken for ours"]),
    ...restrictedPod(spec.securityContext ?? {}),
    ...spec.containers.flatMap((c: Json) => containerProblems(c, object.kind, names)),
  ];
}

/** What the profile "restricted" of Pod Security demands of a pod, and a root file system that is read-only. */
function restrictedPod(context: Json): string[] {
  return [
    ...(context.runAsNonRoot === true && context.runAsUser !== 0 ? [] : ["it may run as root"]),
    ...(context.seccompProfile?.type === "RuntimeDefault" ? [] : ["it has no seccomp profile"]),
    ...(context.fsGroupChangePolicy === "OnRootMismatch" ? [] : ["each start would change the owners of all files"]),
  ];
}

function containerProblems(container: Json, kind: string, volumes: readonly string[]): string[] {
  const context = container.securityContext ?? {};
  const env: string[] = (container.env ?? []).map((e: Json) => e.name.replace(/_FILE$/, ""));
  const ports: Json[] = container.ports ?? [];
  const mounts: Json[] = container.volumeMounts ?? [];
  const restricted = context.allowPrivilegeEscalation === false && context.readOnlyRootFilesystem === true &&
    context.capabilities?.drop?.includes("ALL") && !context.capabilities.add && !context.privileged;
  const probes = kind === "Pod" ? [] : ["startupProbe", "readinessProbe", "livenessProbe"];
  return [
    ...(restricted ? [] : ["its container has rights that it does not need"]),
    ...doubles(env).map((name) => `${name} is set twice`),
    ...doubles(mounts.map((m) => m.mountPath)).map((path) => `two volumes are mounted at ${path}`),
    ...mounts.filter((m) => !volumes.includes(m.name)).map((m) => `the volume ${m.name} is not there`),
    ...ports.filter((p) => !/^[a-z0-9-]{1,15}$/.test(p.name ?? "")).map((p) => `port ${p.containerPort} has no name`),
    ...probes.filter((p) => !probePaths.includes(container[p]?.httpGet?.path)).map((p) =>
      `its ${p} asks something else`
    ),
    ...probes.filter((p) => !ports.some((port) => port.name === container[p]?.httpGet?.port)).map((p) =>
      `its ${p} asks at no port`
    ),
    ...(container.livenessProbe?.httpGet?.path === "/readyz" ? ["its liveness depends on its readiness"] : []),
    ...(container.resources?.requests?.memory ? [] : ["it asks for no memory"]),
    ...(container.resources?.limits?.cpu ? ["a limit of CPU would halt the clock of its lease"] : []),
  ];
}

/** A controller owns its pods by labels, and nobody else's. */
function ownSelectorProblems({ object, labels }: Workload, workloads: readonly Workload[]): string[] {
  if (object.kind === "Pod") return [];
  const { name } = object.metadata;
  const selector = object.spec.selector.matchLabels;
  const others = workloads.filter((w) => w.object !== object && selects(selector, w.labels));
  return [
    ...(selects(selector, labels) ? [] : [`${name} does not select its own pods`]),
    ...others.map((w) => `${name} selects pods of ${w.object.metadata.name}, too`),
  ];
}

function serviceProblems(object: Kube, workloads: readonly Workload[]): string[] {
  if (object.kind !== "Service") return [];
  const { name } = object.metadata;
  // the primary gives these to pods that run
  const { [roleLabel]: role, [readsLabel]: reads, ...fixed } = object.spec.selector;
  const selected = workloads.filter((w) => selects(fixed, w.labels));
  const kinds = new Set(selected.map((w) => w.spec.containers[0].name.replace(/\d+$/, "")));
  const ports: Json[] = object.spec.ports;
  const lost = selected.flatMap((w) => {
    const names = w.spec.containers.flatMap((c: Json) => (c.ports ?? []).map((p: Json) => p.name));
    return ports.filter((p) => !names.includes(p.targetPort)).map((p) => `${name}: no pod has a port ${p.targetPort}`);
  });
  return [
    ...(selected.length > 0 ? [] : [`${name} selects no pods`]),
    ...([undefined, "primary", "standby"].includes(role)
      ? []
      : [`${name} selects the role ${role}, which does not exist`]),
    ...([undefined, "true"].includes(reads) ? [] : [`${name}: ${readsLabel} is never ${reads}`]),
    ...(kinds.size > 1 ? [`${name} selects pods of several kinds: ${[...kinds].join(", ")}`] : []),
    ...ports.filter((p) => !p.name).map((p) => `${name}: port ${p.port} has no name`),
    ...lost,
  ];
}

/** Budgets do not overlap: of a pod with two, nothing could be moved. */
function budgetProblems(object: Kube, workloads: readonly Workload[]): string[] {
  if (object.kind !== "PodDisruptionBudget") return [];
  const { name } = object.metadata;
  const selected = workloads.filter((w) => selects(object.spec.selector.matchLabels, w.labels));
  return selected.length > 0 ? [] : [`${name} selects no pods`];
}
