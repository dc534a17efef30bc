// PURE: the tree of commands as Markdown, docs/commands.md.
import type { Group, Leaf } from "./command-types.ts";
import { ExitCode, exitCodeMeanings } from "../core/words/errors.ts";

const exitCodeNames = Object.keys(ExitCode) as (keyof typeof ExitCode)[];

/** What the page is made from. */
export interface CommandsReference {
  groups: readonly Group[];
  /** the names of 1.x, each with the words that it stands for */
  oldNames: Readonly<Record<string, readonly string[]>>;
}

/** The whole page. */
export function renderCommands(reference: CommandsReference): string {
  return [
    "# Commands",
    "",
    "The executable `postdock` is the main process, the probes and the tools of all three images. Type",
    "`docker compose exec SERVICE postdock …`. `postdock --help`, and `--help` after any command, print the same text.",
    "",
    "| Exit code | Meaning |",
    "| --- | --- |",
    ...exitCodeNames.map((name) => `| ${ExitCode[name]} | ${exitCodeMeanings[name]} |`),
    ...reference.groups.flatMap(renderGroup),
    "",
    "## Names of 1.x",
    "",
    "They are links to the executable in the images and take the same arguments.",
    "",
    "| Name | Command |",
    "| --- | --- |",
    ...Object.entries(reference.oldNames).map(([name, words]) => `| \`${name}\` | \`postdock ${words.join(" ")}\` |`),
    "",
  ].join("\n");
}

function renderGroup(group: Group): string[] {
  const head = group.name === ""
    ? ["", "## Others", ""]
    : ["", `## postdock ${group.name}`, "", sentence(group.does), ""];
  const rows = group.commands.map((leaf) => renderLeaf(group.name, leaf));
  return [...head, "| Command | What it does | Exit codes |", "| --- | --- | --- |", ...rows];
}

function renderLeaf(group: string, leaf: Leaf): string {
  const words = ["postdock", group, leaf.usage].filter((w) => w !== "").join(" ");
  const options = (leaf.options ?? []).map((o) => ` \`${o.flag}\`: ${o.does}.`).join("");
  return `| \`${words}\` | ${sentence(leaf.does)}${options} | ${leaf.exits} |`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
