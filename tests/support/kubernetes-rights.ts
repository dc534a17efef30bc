// What pods may ask of the API server: nodes may label each other, and nobody may anything else.
import { parseRolePods } from "../../config/role-pods.ts";
import type { Json, Kube, Workload } from "./kubernetes-objects.ts";

/** The rights of an account, as its roles have them. */
const rightsOf = (account: string, objects: readonly Kube[]): Json[] =>
  objects.filter((o) => o.kind === "RoleBinding" && o.subjects.some((s: Json) => s.name === account)).flatMap((b) =>
    objects.find((o) => o.kind === "Role" && o.metadata.name === b.roleRef.name)?.rules ?? ["a role that is not there"]
  );

/** What is wrong with the token and the rights of a workload's pods. Pure. */
export function rightsProblems({ pods, spec }: Workload, objects: readonly Kube[]): string[] {
  const env: Json[] = spec.containers.flatMap((c: Json) => c.env ?? []);
  const labels = env.find((e) => e.name === "KUBERNETES_ROLE_PODS")?.value;
  if (labels === undefined) {
    return spec.automountServiceAccountToken === false ? [] : ["it gets a token that it does not need"];
  }
  const wanted = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "patch"], resourceNames: pods }];
  const given = rightsOf(spec.serviceAccountName, objects);
  const named = parseRolePods(labels).map((p) => p.pod);
  return [
    ...(spec.automountServiceAccountToken === true ? [] : ["it is to label pods, and gets no token"]),
    ...(JSON.stringify(given) === JSON.stringify(wanted) ? [] : [`its rights are ${JSON.stringify(given)}`]),
    ...(named.join() === pods.join() ? [] : [`it is to label ${named.join()}, and there are ${pods.join()}`]),
    ...(spec.serviceAccountName === "default" ? ["pods of others have its rights, too"] : []),
  ];
}
