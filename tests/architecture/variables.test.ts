// No variable is declared and never read: 1.x had four of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type RoleName, roleNames, roleVariables } from "../../config/roles.ts";
import { isTest, readSources, type Source, toSource } from "./sources.ts";

/** Keys that a role's code (or runtime/, or its config file) never reads as a property. */
function unread(keys: readonly string[], sources: readonly Source[]): string[] {
  const code = sources.map((s) => s.code).join("\n");
  return keys.filter((key) => !new RegExp(`\\.${key}\\b|[{,]\\s*${key}\\s*[,}]`).test(code));
}

/** Read by nobody, each with the reason. */
const allowed: Readonly<Record<string, string>> = {};

const sources = (await readSources(["config", "roles"])).filter((s) => !isTest(s.path));

for (const role of roleNames) {
  test(`${role} reads every variable that it declares`, () => {
    const rooms = [`roles/${role}/`, "roles/runtime/", `config/${role}.ts`];
    const own = sources.filter((s) => rooms.some((r) => s.path.startsWith(r)));
    const keys = Object.keys(roleVariables[role as RoleName]).filter((k) => !(k in allowed));
    assert.deepEqual(unread(keys, own).map((k) => roleVariables[role]![k]!.name), []);
  });
}

test("this check can fail", () => {
  assert.deepEqual(unread(["a", "b"], [toSource("roles/x/y.ts", "use(config.a); // config.b")]), ["b"]);
});
