// PURE: passwords that everybody knows, since they are defaults or stand in PostDock's examples.
import type { ConfigOf, Variables } from "./env.ts";
import { secretTexts } from "./secret-texts.ts";

const published = new Set(["replication_pass", "monkey_pass", "pcp_pass"]);

/**
 * The names of the secret variables that have such a value; of a list of users, any of their passwords. A role that does not log in
 * as REPLICATION_USER has its password for the key of the cluster only, and mostly not at all: the nodes tell of it.
 */
export function publishedIn<V extends Variables>(variables: V, config: ConfigOf<V>): string[] {
  const used = (key: string) => key !== "replicationPassword" || "replicationUser" in variables;
  const secret = Object.entries(variables).filter(([key, v]) => v.secret && used(key));
  const known = secret.filter(([key]) => secretTexts(config[key]).some((text) => published.has(text)));
  return known.map(([, { name }]) => name);
}

/** The names of those of these variables that have such a password; `passwords`: the values by variable. */
export function publishedPasswords(passwords: Readonly<Record<string, string | null>>): string[] {
  return Object.keys(passwords).filter((name) => published.has(passwords[name] ?? ""));
}
