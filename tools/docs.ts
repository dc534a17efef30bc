// `deno task docs`: writes the documentation that is made from the code; with --check it only says what is out of date.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderReference } from "../config/reference.ts";
import { commandGroups } from "../cli/command-tree.ts";
import { renderCommands } from "../cli/commands-reference.ts";
import { legacyCommands } from "../cli/legacy-commands.ts";
import { renderMessages } from "../core/postgres/remedy-reference.ts";
import { renderEvents } from "../core/words/events/reference.ts";
import { OperatorError } from "../core/words/errors.ts";
import { renderAlertsPage } from "./alerts-page.ts";
import { dashboardFiles } from "./dashboards/dashboards.ts";
import { optionsOf } from "./options.ts";
import { root, say, task } from "./terminal.ts";

const generated = "<!-- Made from the code by `deno task docs`; edit the code. -->\n\n";

/** The generated pages, and the dashboards, by path. */
const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/configuration.md": () => generated + renderReference(),
  "docs/commands.md": () => generated + renderCommands({ groups: commandGroups, oldNames: legacyCommands }),
  "docs/events.md": () => generated + renderEvents(),
  "docs/messages.md": () => generated + renderMessages(),
  "monitoring/consoles/alerts.html": async () => renderAlertsPage(await readFile(join(root, "docs/alerts.md"), "utf8")),
  ...dashboardFiles,
};

async function outdated(): Promise<string[]> {
  const paths = Object.keys(pages);
  const texts = await Promise.all(paths.map((p) => readFile(join(root, p), "utf8").catch(() => "")));
  const wanted = await Promise.all(paths.map((p) => pages[p]!()));
  return paths.filter((_, i) => texts[i] !== wanted[i]);
}

if (import.meta.main) {
  await task(async () => {
    const { check } = optionsOf({ check: "flag" });
    const stale = await outdated();
    if (check) {
      if (stale.length === 0) return say("The generated pages are current");
      throw new OperatorError({ what: `Out of date: ${stale.join(", ")}`, fix: "run `deno task docs`", exitCode: 1 });
    }
    for (const path of stale) await writeFile(join(root, path), await pages[path]!());
    say(stale.length === 0 ? "The generated pages are current" : `Written: ${stale.join(", ")}`);
  });
}
