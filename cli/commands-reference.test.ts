// docs/commands.md: every command once, with its exit codes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCommands } from "./commands-reference.ts";

const run = () => Promise.resolve(0);
const page = renderCommands({
  groups: [
    { name: "thing", does: "things", commands: [{ usage: "do [N]", does: "does it", exits: "0 done", run }] },
    {
      name: "",
      does: "",
      commands: [{ usage: "top", does: "at the top", exits: "0", run, options: [{ flag: "--json", does: "as JSON" }] }],
    },
  ],
  oldNames: { "do.sh": ["thing", "do"] },
});

test("a command is a line with its arguments, what it does and its exit codes", () => {
  assert.ok(page.includes("| `postdock thing do [N]` | Does it. | 0 done |"));
  assert.ok(page.includes("| `postdock top` | At the top. `--json`: as JSON. | 0 |"));
});

test("the general exit codes and the old names are on the page", () => {
  assert.ok(page.includes("| 78 | the environment, a file or a mount is wrong |"));
  assert.ok(page.includes("| `do.sh` | `postdock thing do` |"));
});
