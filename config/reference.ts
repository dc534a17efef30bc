// The variables as documentation: docs/configuration.md and `postdock config reference` are made here.
import type { Variable, Variables } from "./env.ts";
import { type RoleName, roleNames, roleVariables } from "./roles.ts";
import { forScripts, retired } from "./strangers.ts";

const titles: Readonly<Record<RoleName, { title: string; about: string }>> = {
  "postgres-node": { title: "postgres image", about: "A PostgreSQL node: `postdock postgres-node entrypoint`." },
  pgpool: { title: "pgpool image", about: "The pooler and load balancer: `postdock pgpool entrypoint`." },
  barman: { title: "barman image", about: "Backups and the WAL archive: `postdock barman entrypoint`." },
};

const rules = [
  "- A container reads its variables once, when it starts, and reports every problem at once before it touches anything;",
  "  it then ends with exit code 78 (for the four required variables of the barman image: 1 to 4, the first one decides).",
  "- An empty variable counts as unset.",
  "- Every variable `NAME` has a twin `NAME_FILE`: a path whose content is the value, without its last line break. Use it",
  "  with secrets. Setting both is an error.",
  "- Values of variables marked **secret** appear in no log, no error and no command line.",
  "- `postdock config check` in a container, or `docker run --rm --env-file FILE IMAGE config check`, tests an environment",
  "  and starts nothing.",
];

/** The reference of some roles, all by default, as Markdown. */
export function renderReference(roles: readonly RoleName[] = roleNames): string {
  const sections = roles.flatMap((role) => ["", ...renderRole(role)]);
  return ["# Configuration", "", ...rules, ...sections, ...(roles.length === 1 ? [] : ["", ...renderOldNames()]), ""]
    .join("\n");
}

function renderRole(role: RoleName): string[] {
  const { title, about } = titles[role];
  return [`## ${title}`, "", about, "", ...renderVariables(roleVariables[role])];
}

/** A table of variables in the order they are declared. */
export function renderVariables(variables: Variables): string[] {
  const rows = Object.values(variables).map((v) => [`\`${v.name}\``, defaultOf(v), escape(v.accepts), meaningOf(v)]);
  return table(["Variable", "Default", "Accepts", "Meaning"], rows);
}

function defaultOf(v: Variable<unknown>): string {
  if (v.required) return "**required**";
  if (v.defaultText === "") return "none";
  const isValue = v.defaultText === String(v.fallback) || !v.defaultText.includes(" ");
  return isValue ? `\`${v.defaultText}\`` : escape(v.defaultText);
}

function meaningOf(v: Variable<unknown>): string {
  const parts = [v.secret ? "**secret**" : "", escape(v.doc), v.changed ? `*Since 1.x: ${escape(v.changed)}*` : ""];
  return parts.filter((p) => p !== "").join(" ");
}

function renderOldNames(): string[] {
  const rows = (names: Readonly<Record<string, string>>) =>
    Object.entries(names).map(([name, text]) => [`\`${name}\``, escape(text)]);
  return [
    "## Set in the postgres image for your own scripts",
    "",
    "PostDock reads none of these.",
    "",
    ...table(["Variable", "Value"], rows(forScripts)),
    "",
    "## No longer read",
    "",
    "`postdock config check` warns where one of these is set, or a name that looks like a misspelt one of ours.",
    "",
    ...table(["Variable", "What became of it"], rows(retired)),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** Text of a table cell: a bar would end it, a line break the table, an angle bracket begin a tag. */
function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replace(/\s*\n\s*/g, " ");
}
