// The variables as documentation: renders docs/configuration.md and the output of `postdock config reference`.
import type { Variable, Variables } from "./env.ts";
import { type RoleName, roleNames, roleVariables } from "./roles.ts";
import { forScripts, retired } from "./strangers.ts";

const titles: Readonly<Record<RoleName, { title: string; about: string }>> = {
  "postgres-node": { title: "postgres image", about: "A PostgreSQL node: `postdock postgres-node entrypoint`." },
  pgpool: { title: "pgpool image", about: "The pooler and load balancer: `postdock pgpool entrypoint`." },
  barman: { title: "barman image", about: "Backups and the WAL archive: `postdock barman entrypoint`." },
};

const rules = [
  "- A container reads its variables once, when it starts. Before it touches anything it reports all problems together and",
  "  exits with code 78. A missing required variable of the barman image has its own code, 1 to 4; the first one decides.",
  "- An empty variable counts as unset.",
  "- Every variable `NAME` can instead be set by `NAME_FILE`, the path of a file that contains the value; one line break at",
  "  its end is ignored. Use it for secrets. Setting both is an error. Files of passwords, users and CLUSTER_KEY are read again",
  "  while the container runs: see [secrets.md](secrets.md).",
  "- The value of a variable marked **secret** never appears in a log, an error or a command line.",
  "- `postdock config check` in a container, or `docker run --rm --env-file FILE IMAGE config check`, tests an environment",
  "  without starting anything.",
];

/** The reference as Markdown, of all roles by default. */
export function renderReference(roles: readonly RoleName[] = roleNames): string {
  const sections = roles.flatMap((role) => ["", ...renderRole(role)]);
  return ["# Configuration", "", ...rules, ...sections, ...(roles.length === 1 ? [] : ["", ...renderOldNames()]), ""]
    .join("\n");
}

function renderRole(role: RoleName): string[] {
  const { title, about } = titles[role];
  return [`## ${title}`, "", about, "", ...renderVariables(roleVariables[role])];
}

/** A table of variables, in the order of their declaration. */
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
    "PostDock itself does not read these.",
    "",
    ...table(["Variable", "Value"], rows(forScripts)),
    "",
    "## No longer read",
    "",
    "`postdock config check` warns if one of these is set, or if a name looks like a misspelt variable of PostDock.",
    "",
    ...table(["Variable", "What became of it"], rows(retired)),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** Text of a table cell: a bar would end the cell, a line break the table, and an angle bracket would start a tag. */
function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replace(/\s*\n\s*/g, " ");
}
