// The variables that an object gives to a container, and what the container itself would say of them.
import { checkVariables, type RoleName, roleVariables } from "../../config/roles.ts";
import type { Json, Kube, Workload } from "./kubernetes-objects.ts";
import { workloadsOf } from "./kubernetes-objects.ts";

const roles: Readonly<Record<string, RoleName>> = {
  postgres: "postgres-node",
  "postgres-extended": "postgres-node",
  pgpool: "pgpool",
  barman: "barman",
};

/** The role that an image runs; undefined: the image is not ours. */
export const roleOf = (image: string): RoleName | undefined => roles[/postdock\/([a-z-]+)/.exec(image)?.[1] ?? ""];

/** What a container of this pod sees of `env`, with texts of secrets and config maps, with the fields of the pod and other variables filled in. Pure. */
export function environmentOf(container: Json, pod: string, secrets: Readonly<Record<string, string>>) {
  const environment: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env ?? []) {
    const text = valueFrom?.fieldRef?.fieldPath === "metadata.name"
      ? pod
      : value ?? secrets[(valueFrom?.secretKeyRef ?? valueFrom?.configMapKeyRef)?.key] ?? "";
    environment[name] = String(text).replaceAll(/\$\((\w+)\)/g, (all, other: string) => environment[other] ?? all);
  }
  return environment;
}

/** The texts of all secrets and config maps among these objects, by key. */
export function secretTexts(objects: readonly Kube[]): Record<string, string> {
  const secrets = objects.filter((o) => o.kind === "Secret");
  const decoded = secrets.flatMap((s) =>
    Object.entries<string>(s.data ?? {}).map(([key, value]) => [key, atob(value)] as const)
  );
  const maps = objects.filter((o) => o.kind === "ConfigMap");
  const plain = [...secrets.map((s) => s.stringData), ...maps.map((m) => m.data)].flatMap((texts) =>
    Object.entries<string>(texts ?? {})
  );
  return Object.fromEntries([...decoded, ...plain]);
}

export interface Checked {
  pod: string;
  role: RoleName;
  environment: Record<string, string>;
}

/** Every container of ours in every pod. `secrets`: by key, for those that are not among the objects. */
export function ownContainers(objects: readonly Kube[], secrets: Readonly<Record<string, string>> = {}): Checked[] {
  const texts = { ...secretTexts(objects), ...secrets };
  const pods = workloadsOf(objects).filter((w: Workload) => w.object.kind !== "Pod");
  return pods.flatMap(({ pods, spec }) =>
    pods.flatMap((pod) =>
      spec.containers.flatMap((container: Json) => {
        const role = roleOf(container.image);
        return role ? [{ pod, role, environment: environmentOf(container, pod, texts) }] : [];
      })
    )
  );
}

/** What the containers would say of their variables, which `config check` says of them too; and names that none knows. */
export function envProblems(objects: readonly Kube[], secrets: Readonly<Record<string, string>> = {}): string[] {
  const texts = { ...secretTexts(objects), ...secrets };
  const readFile = (path: string): string => {
    const text = texts[path.split("/").at(-1)!];
    if (text === undefined) throw new Error(`${path} is in no secret`);
    return text;
  };
  return ownContainers(objects, secrets).flatMap(({ pod, role, environment }) => {
    const known = Object.values(roleVariables[role]).map((v) => v.name);
    const unknown = Object.keys(environment).filter((name) =>
      name !== "MY_POD_NAME" && !known.includes(name) && !known.includes(name.replace(/_FILE$/, ""))
    );
    const check = checkVariables(role, { environment, readFile }, pod);
    const problems = check.ok ? [] : check.problems.map((p) => p.message);
    return [...unknown.map((name) => `${name} does not belong to its variables`), ...problems].map((text) =>
      `${pod}: ${text}`
    );
  });
}
