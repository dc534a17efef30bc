// PURE: passwords that everybody knows, since they are defaults or stand in PostDock's examples.

const published = new Set(["replication_pass", "monkey_pass", "pcp_pass"]);

/** The names of those of these variables that have such a password; `passwords`: the values by variable. */
export function publishedPasswords(passwords: Readonly<Record<string, string | null>>): string[] {
  return Object.keys(passwords).filter((name) => published.has(passwords[name] ?? ""));
}
