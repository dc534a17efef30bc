// The reference is whole Markdown: every variable once per role, one line each, nothing that ends a cell too early.
import assert from "node:assert/strict";
import { test } from "node:test";
import { env } from "./env.ts";
import { renderReference, renderVariables } from "./reference.ts";
import { roleNames, roleVariables } from "./roles.ts";

test("each role's section has each of its variables once", () => {
  for (const role of roleNames) {
    const text = renderReference([role]);
    for (const { name } of Object.values(roleVariables[role])) {
      assert.equal(text.split(`\n| \`${name}\` |`).length, 2, `${role} ${name}`);
    }
  }
});

test("every line of a table has the same number of cells", () => {
  const cells = (line: string) => line.replaceAll("\\|", "").split("|").length;
  const lines = renderReference().split("\n").filter((l) => l.startsWith("|"));
  for (const [i, line] of lines.entries()) {
    if (i > 0 && lines[i - 1]!.startsWith("| `") && line.startsWith("| `")) {
      assert.equal(cells(line), cells(lines[i - 1]!), line);
    }
  }
});

test("bars, line breaks and brackets in the documentation do not break the table", () => {
  const odd = env("ODD", (t) => t, { fallback: "", accepts: "a|b", doc: "One\ntwo <x>.", changed: "Was | three." });
  assert.deepEqual(
    renderVariables({ odd })[2],
    "| `ODD` | none | a\\|b | One two &lt;x>. *Since 1.x: Was \\| three.* |",
  );
});

test("secrets and required variables are marked, and no secret's default hides in another column", () => {
  const text = renderReference(["barman"]);
  assert.match(text, /\| `POSTGRES_PASSWORD` \| \*\*required\*\* \| [^|]* \| \*\*secret\*\*/);
});

test("the same code gives the same page", () => assert.equal(renderReference(), renderReference()));
