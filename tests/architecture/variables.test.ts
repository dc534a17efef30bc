// No variable is declared and never read: 1.x had four of them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type RoleName, roleNames, roleVariables } from "../../config/roles.ts";
import { root } from "../../tools/terminal.ts";
import { isTest, readSources, type Source, toSource } from "./sources.ts";

/** A place in which the configuration of a role arrives under another name than `config`, with that name. */
const otherNames: Readonly<Record<string, string>> = {
  "core/postgres/conninfo.ts": "trust", // what the configuration says of how a server has to prove itself
  "roles/barman/text/barman-conf.ts": "input", // it is given the whole configuration, and declares the part that it reads
};

/** The keys that a source reads from an object called config (`config.key`, `node.config.key`), or takes out of one by its name. */
function keysRead({ path, code }: Source): string[] {
  const config = `(?:${otherNames[path] ?? "[cC]onfig"})`;
  const read = code.matchAll(new RegExp(`\\b(?:\\w+\\.)*\\w*${config}\\??\\.(\\w+)`, "g"));
  const taken = code.matchAll(new RegExp(`\\{([^{}]*)\\}\\s*=\\s*(?:\\w+\\.)*\\w*${config}\\s*;`, "g"));
  const names = [...taken].flatMap((m) => m[1]!.split(",").map((part) => /\w+/.exec(part)?.[0] ?? ""));
  return [...[...read].map((m) => m[1]!), ...names];
}

/** Keys of variables that none of these sources reads. */
function unread(keys: readonly string[], sources: readonly Source[]): string[] {
  const read = new Set(sources.flatMap(keysRead));
  return keys.filter((key) => !read.has(key));
}

/** Where a role's configuration is read: its own folder, its variables' own file, and what it shares with other roles. */
const placesOf = (role: RoleName): readonly RegExp[] => [
  new RegExp(`^roles/${role}/`),
  new RegExp(`^config/${role}\\.ts$`),
  /^core\/runtime\//, // logs, sshd, TLS
  /^core\/postgres\/conninfo\.ts$/,
  /^core\/http\/app\.ts$/, // METRICS_USER
  /^cli\/healthcheck\.ts$/,
  ...(role === "postgres-node" ? [] : [/^core\/lease\/observer\.ts$/, /^config\/quorum\.ts$/]), // where it votes
];

const sources = (await readSources(["cli", "config", "core", "roles"])).filter((s) => !isTest(s.path));

for (const role of roleNames) {
  test(`${role} reads every variable that it declares`, () => {
    const own = sources.filter((s) => placesOf(role).some((place) => place.test(s.path)));
    const variables = roleVariables[role];
    assert.deepEqual(unread(Object.keys(variables), own).map((key) => variables[key]!.name), []);
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

test("this check can fail: only what is read from a configuration counts", () => {
  const read = (code: string) => keysRead(toSource("roles/x/y.ts", code)).sort();
  assert.deepEqual(read("use(config.a, node.config.b, nodeConfig?.c); // config.d"), ["a", "b", "c"]);
  assert.deepEqual(read("const { a, b: other } = deps.config;"), ["a", "b"]);
  assert.deepEqual(read("use(server.a, reconfigured.b); const { c } = status; const { d } = config.e;"), ["e"]);
  assert.deepEqual(unread(["a", "b"], [toSource("roles/x/y.ts", "use(config.a, status.b)")]), ["b"]);
});
