// All that can be said of objects without a cluster: by the API's types, by our rules, and by the containers themselves.
import { envProblems } from "./kubernetes-env.ts";
import type { Kube } from "./kubernetes-objects.ts";
import { ruleProblems } from "./kubernetes-rules.ts";
import { typeProblems } from "./kubernetes-types.ts";

export interface Given {
  /** names of secrets and config maps that the cluster has already */
  given?: readonly string[];
  /** what they hold, by key */
  secrets?: Readonly<Record<string, string>>;
}

/** What is wrong with these objects; empty if nothing is. */
export async function foundProblems(objects: readonly Kube[], { given = [], secrets = {} }: Given = {}) {
  const types = (await Promise.all(objects.map(typeProblems))).flat();
  if (types.length > 0) return types; // the rules read objects that the API would take
  return [...ruleProblems(objects, given), ...envProblems(objects, secrets)];
}
