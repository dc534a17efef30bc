// No variable is declared and never read: 1.x had four of them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type RoleName, roleNames, roleVariables } from "../../config/roles.ts";
import { root } from "../../tools/terminal.ts";
import { isTest, readSources, type Source, toSource } from "./sources.ts";

/** Keys that a role's code (or core/, or its config file) never reads as a property. */
function unread(keys: readonly string[], sources: readonly Source[]): string[] {
  const code = sources.map((s) => s.code).join("\n");
  return keys.filter((key) => !new RegExp(`\\.${key}\\b|[{,]\\s*${key}\\s*[,}]`).test(code));
}

/** Read by nobody, each with the reason. */
const allowed: Readonly<Record<string, string>> = {};

const sources = (await readSources(["cli", "config", "core", "roles"])).filter((s) => !isTest(s.path));

for (const role of roleNames) {
  test(`${role} reads every variable that it declares`, () => {
    const rooms = [`roles/${role}/`, "core/", "cli/healthcheck.ts", `config/${role}.ts`, "config/quorum.ts"];
    const own = sources.filter((s) => rooms.some((r) => s.path.startsWith(r)));
    const keys = Object.keys(roleVariables[role as RoleName]).filter((k) => !(k in allowed));
    assert.deepEqual(unread(keys, own).map((k) => roleVariables[role]![k]!.name), []);
  });
}

/** Declared by an image for people's own commands, and no variable of the role. */
const forCommands =
  /^(LANG|TZ|PATH|REPMGR_(NODES_TABLE|SHOW_NODES_TABLE|NODE_ID_COLUMN|NODE_NAME_COLUMN|SLOT_NAME_PREFIX))$/;

for (const [image, role] of [["postgres", "postgres-node"], ["pgpool", "pgpool"], ["barman", "barman"]] as const) {
  test(`what the ${image} image sets is the declared default, so that NAME_FILE wins over it`, async () => {
    const dockerfile = await readFile(join(root, "images", image, "Dockerfile"), "utf8");
    const env = /^ENV ((?:.*\\\n)*.*)$/m.exec(dockerfile)![1]!;
    const set = [...env.matchAll(/([A-Z_]+)=(\S+)/g)].map((m) => [m[1]!, m[2]!] as const);
    assert.notEqual(set.length, 0);
    for (const [name, value] of set.filter(([n]) => !forCommands.test(n))) {
      assert.equal(value, Object.values(roleVariables[role]).find((v) => v.name === name)?.defaultText, name);
    }
  });
}

test("this check can fail", () => {
  assert.deepEqual(unread(["a", "b"], [toSource("roles/x/y.ts", "use(config.a); // config.b")]), ["b"]);
});
