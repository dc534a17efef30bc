// Words, sizes and strings: PostgreSQL's vocabulary, files that can be read at one sitting, nothing of one machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { filesOf, isTest, readSources, readText, type Source, toSource } from "./sources.ts";

/** Files in which the older pair of words may stand, as names that others chose. */
const foreignNames: readonly RegExp[] = [
  /^config\//,
  /^roles\/postgres-node\/(old-names|http\/is-major-master)\.ts$/,
  /^cli\/(legacy-commands|command-tree|commands|config-commands)(\.test)?\.ts$/,
  /^roles\/pgpool\/text\/pgpool-(conf|settings)(\.test)?\.ts$/,
];

/** The names of 1.x that any file may quote. */
const quotedNames =
  /pgmaster|pgslave\d?|is[_-]major[_-]master(\.sh)?|isMajorMaster|cluster_master|MASTER_[A-Z_]+|master\.lock|masterLock\w*|master_slave_\w+|clusterMaster/gi;

const foreign = (source: Source): string[] => {
  if (foreignNames.some((p) => p.test(source.path))) return [];
  const rest = source.text.replaceAll(quotedNames, "");
  const word = /\b\w*(master|slave)\w*\b/i.exec(rest.replaceAll(/postmaster\w*/gi, ""));
  return word ? [`${source.path}: ${word[0]}`] : [];
};

/** Longest file, in lines; longer ones with the reason. */
const longest = 200;
const longer: Readonly<Record<string, string>> = {
  "config/postgres-node.ts": "one declaration a variable, and there are many",
  "tests/support/cluster.ts": "one class, a cluster, with a method for each thing a scenario does",
  "roles/postgres-node/decide/startup.ts": "every case of one decision",
  "cli/command-tree.ts": "one entry a command",
  "roles/postgres-node/lease/lease.ts": "getting, keeping, losing and giving up one lease are one story",
  "roles/postgres-node/life.ts": "a start and its retries are one story",
};
const roomForGrowth = 100;

const tooLong = (source: Source): string[] => {
  const lines = source.text.split("\n").length - 1;
  const limit = isTest(source.path) ? 2 * longest : source.path in longer ? longest + roomForGrowth : longest;
  return lines > limit ? [`${source.path} has ${lines} lines`] : [];
};

const headless = (source: Source): string[] =>
  /^(#!.*\n)?(\/\/|\/\*\*)/.test(source.text) || isTest(source.path) ? [] : [source.path];

/** What no file of the project may hold: a path of a developer's machine, a private key, a registry's host, art in logs. */
const forbidden: readonly { what: string; pattern: RegExp }[] = [
  {
    what: "a path of one machine",
    pattern: /\/(work|home\/[a-z]+|Users\/[A-Za-z]+)\/(main|shared|src)\b|\/tmp\/brief/,
  },
  { what: "a private key", pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\S/ },
  { what: "the host of a registry", pattern: /registry\.npmjs\.org|registry-1\.docker\.io|ghcr\.io|quay\.io|jsr\.io/ },
  { what: "art in a log", pattern: /log\.\w+\(\s*["'`][^"'`]*(>>>|===|\*\*\*)/ },
];

const held = (path: string, text: string): string[] =>
  forbidden.filter((f) => f.pattern.test(text)).map((f) => `${path} holds ${f.what}`);

const sources = await readSources(["main.ts", "cli", "config", "core", "roles", "tools", "tests"]);
const own = sources.filter((s) => s.path !== "tests/architecture/words.test.ts");

test("primary, standby, upstream: the older pair of words stands only in names that others chose", () => {
  assert.deepEqual(own.filter((s) => !s.path.startsWith("tests/")).flatMap(foreign), []);
});

test("files are short, or listed with a reason", () => assert.deepEqual(sources.flatMap(tooLong), []));

test("files listed as long are there", () => {
  assert.deepEqual(Object.keys(longer).filter((path) => !sources.some((s) => s.path === path)), []);
});

test("every file says at its head what it is for", () => assert.deepEqual(sources.flatMap(headless), []));

test("no file holds a path of one machine, a private key, or a registry's host", async () => {
  const places = [
    "main.ts",
    "cli",
    "config",
    "core",
    "roles",
    "tools",
    "tests",
    "images",
    "docs",
    "compose/latest.yml",
  ];
  const paths = [...(await Promise.all(places.map(filesOf))).flat(), "README.md", "deno.json", "CONTRIBUTING.md"]
    .filter((p) => !p.startsWith("tests/.work/") && p !== "tests/architecture/words.test.ts");
  const found = await Promise.all(paths.map(async (path) => held(path, await readText(path))));
  assert.deepEqual(found.flat(), []);
});

test("these checks can fail", () => {
  const source = (text: string, path = "roles/barman/role.ts") => toSource(path, text);
  assert.equal(foreign(source("const master = 1;")).length, 1);
  assert.equal(foreign(source("// the Slave")).length, 1);
  assert.equal(foreign(source('const x = "master.lock"; // pgslave1, postmaster.pid')).length, 0);
  assert.equal(tooLong(source("a\n".repeat(201))).length, 1);
  assert.equal(tooLong(source("a\n".repeat(200))).length, 0);
  assert.equal(headless(source("const a = 1;")).length, 1);
  assert.equal(held("a", 'log.info(">>> hello")').length, 1);
  assert.equal(held("a", "FROM " + "ghcr.io" + "/x").length, 1);
  assert.equal(held("a", "cd " + ["", "work", "main"].join("/")).length, 1);
});
