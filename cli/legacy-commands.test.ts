// Old names pick their command, by whatever path they are called.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandGroups } from "./command-tree.ts";
import { legacyArguments, legacyCommands } from "./legacy-commands.ts";

test("an old name stands for its command, with or without its path", () => {
  for (const path of ["", "/usr/local/bin/cluster/healthcheck/", "./"]) {
    assert.deepEqual(legacyArguments(`${path}is_major_master.sh`), ["healthcheck", "is-major-master"]);
  }
});

test("postdock itself and unknown names stand for nothing", () => {
  for (const name of ["postdock", "/usr/local/bin/postdock", "bun", "", "toString", "constructor", "__proto__"]) {
    assert.deepEqual(legacyArguments(name), [], name);
  }
});

test("each old name's command is in the tree", () => {
  for (const [name, [group, command]] of Object.entries(legacyCommands)) {
    const found = commandGroups.find((g) => g.name === group)?.commands.some((c) => c.usage.split(" ")[0] === command);
    assert.ok(found, name);
  }
});
