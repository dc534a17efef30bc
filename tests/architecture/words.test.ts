// Words, sizes and strings: PostgreSQL's vocabulary, plain English, files that can be read at one sitting, nothing of one machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandGroups } from "../../cli/command-tree.ts";
import { roleVariables } from "../../config/roles.ts";
import { literalsOf, pathsNamedIn, sentencesOf, wideRows, wordsIn } from "./prose.ts";
import { filesOf, isTest, readSources, readText, type Source, toSource } from "./sources.ts";

/** Files in which the older pair of words may stand, as names that others chose. */
const foreignNames: readonly RegExp[] = [
  /^config\//,
  /^roles\/postgres-node\/(old-names|http\/is-major-master)\.ts$/,
  /^roles\/postgres-node\/exporter\/custom-queries(\.io\.test)?\.ts$/,
  /^cli\/(legacy-commands|command-tree|commands|config-commands)(\.test)?\.ts$/,
  /^tools\/kubernetes\/layout\.ts$/,
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
  "core/runtime/files.ts": "the only door to files",
  "core/protocol/status.ts": "one schema, which is also its documentation",
  "roles/postgres-node/decide/startup.ts": "every case of one decision",
  "cli/command-tree.ts": "one entry a command",
  "roles/postgres-node/lease/lease.ts": "getting, keeping, losing and giving up one lease are one story",
  "tests/support/fake-world.ts": "one world, which has every door of a node",
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

/** The folders whose words are checked below. */
const checkedFolders = [
  "config",
  "tools",
  "docs",
  "images",
  "kubernetes",
  "compose/latest.yml",
  "main.ts",
  "cli",
  "core",
  "roles",
  "tests",
];
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/** Documents that are not in the repository, so that a reader cannot look up what is cited. */
const absentDocument = /\b(DESIGN|CONTRACT|STYLE|TOOLCHAIN|FACTS)(\.md\b|,? (section )?\d)/;

const citesAbsent = (path: string, text: string): string[] => {
  const cited = absentDocument.exec(text)?.[0];
  return cited === undefined ? [] : [`${path} cites ${cited}`];
};

/** English that a native reader has to read twice, and what to write. */
const puzzling: readonly { pattern: RegExp; write: string }[] = [
  { pattern: /(?<!\bthere )\bis no (?!longer\b)\w+/i, write: "is not a ..." },
  { pattern: /\b(?:whoever|whomever)\b/i, write: "the node that ..." },
  { pattern: /\bsuch an? one\b/i, write: "the noun" },
  { pattern: /\b(?:says?|said|tells?|told|knows?|decides?|names?|of|to|for|by) who\b/i, write: "which node" },
  { pattern: /\b(?:is|are|was|were) told(?! (?:from|to)\b)/i, write: "is reported, is warned, learns" },
];

const puzzles = (path: string, texts: readonly string[]): string[] =>
  texts.flatMap((text) =>
    puzzling.flatMap(({ pattern, write }) => {
      const found = pattern.exec(text)?.[0];
      return found === undefined ? [] : [`${path}: "${found}"; write: ${write}`];
    })
  );

/** Longest sentence, in words, and widest row of a table, in columns. */
const mostWords = 25;
const mostColumns = 160;
/** Generated from config and cli, where their words are checked. */
const generated = ["docs/configuration.md", "docs/commands.md", "docs/messages.md"];

const tooMany = (path: string, sentences: readonly string[]): string[] =>
  sentences.filter((s) => wordsIn(s) > mostWords).map((s) => `${path}: ${wordsIn(s)} words: ${s}`);

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
    "kubernetes",
    "compose/latest.yml",
  ];
  const paths = [...(await Promise.all(places.map(filesOf))).flat(), "README.md", "deno.json", "CONTRIBUTING.md"]
    .filter((p) => !p.startsWith("tests/.work/") && p !== "tests/architecture/words.test.ts");
  const found = await Promise.all(paths.map(async (path) => held(path, await readText(path))));
  assert.deepEqual(found.flat(), []);
});

const checkedPaths = [...(await Promise.all(checkedFolders.map(filesOf))).flat(), ...pages]
  .filter((p) => !p.startsWith("tests/.work/") && p !== "tests/architecture/words.test.ts");
const handWritten = checkedPaths.filter((p) => p.endsWith(".md") && !generated.includes(p));

test("no file cites a document that is not in the repository", async () => {
  const found = await Promise.all(checkedPaths.map(async (path) => citesAbsent(path, await readText(path))));
  assert.deepEqual(found.flat(), []);
});

test("messages and pages have no phrase that a native reader has to read twice", async () => {
  const code = own.flatMap((s) => puzzles(s.path, literalsOf(s.code)));
  const prose = await Promise.all(handWritten.map(async (path) => puzzles(path, [await readText(path)])));
  assert.deepEqual([...code, ...prose.flat()], []);
});

test("sentences of pages, of the variable reference and of the commands' help are short", async () => {
  const prose = await Promise.all(handWritten.map(async (path) => tooMany(path, sentencesOf(await readText(path)))));
  const variables = Object.values(roleVariables).flatMap((role) =>
    Object.values(role).flatMap(({ name, doc, changed }) => tooMany(name, sentencesOf(`${doc}\n\n${changed ?? ""}`)))
  );
  const help = commandGroups.flatMap((group) =>
    group.commands.flatMap(({ usage, does, exits, options = [] }) => {
      const texts = [does, ...exits.split(/[,;] (?=\d)/), ...options.map((option) => option.does)];
      return texts.flatMap((text) => tooMany(`${group.name} ${usage}`, sentencesOf(text)));
    })
  );
  assert.deepEqual([...prose.flat(), ...variables, ...help], []);
});

test("tables of pages fit on a screen", async () => {
  const found = await Promise.all(
    handWritten.map(async (path) => wideRows(await readText(path), mostColumns).map((line) => `${path} line ${line}`)),
  );
  assert.deepEqual(found.flat(), []);
});

test("every path that the pages about the code name is there", async () => {
  const about = ["CONTRIBUTING.md", ...handWritten.filter((p) => p.startsWith("docs/"))];
  const named = await Promise.all(about.map(async (page) => [page, pathsNamedIn(await readText(page))] as const));
  const missing = await Promise.all(
    named.flatMap(([page, paths]) =>
      paths.map(async (path) => {
        const there = await readText(path).then(() => true, async () => (await filesOf(path)).some((f) => f !== path));
        return there ? [] : [`${page} names ${path}`];
      })
    ),
  );
  assert.deepEqual(missing.flat(), []);
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
  assert.equal(citesAbsent("a", "as TOOL" + "CHAIN.md says").length, 1);
  assert.equal(citesAbsent("a", "see DES" + "IGN 6").length, 1);
  assert.equal(citesAbsent("a", "by contract, a style of 2 lines").length, 0);
  const puzzle = (text: string) => puzzles("a", literalsOf(toSource("a", text).code)).length;
  assert.equal(puzzle('throw new Error("N is no number"); // whoever reads this'), 1);
  assert.equal(puzzle("const a = `whoever is primary`;"), 1);
  assert.equal(puzzle('const a = \'such a one\'; const b = "says who leads"; const c = "it is told";'), 3);
  assert.equal(
    puzzle('const a = "there is no lease, and it is no longer told from a partition, and is told to stop";'),
    0,
  );
  assert.deepEqual(sentencesOf("# A b.\n\nOne. Two: [three](x.md)\n\n- four\n```\ncode. code\n```\n| a |"), [
    "One.",
    "Two:",
    "[three]",
    "- four",
  ]);
  assert.equal(tooMany("a", [`${"w ".repeat(26)}`]).length, 1);
  assert.equal(tooMany("a", [`${"w ".repeat(25)}`]).length, 0);
  assert.deepEqual(wideRows(`| a |\n| ${"a".repeat(160)} |\n${"a".repeat(200)}`, 160), [2]);
  assert.deepEqual(pathsNamedIn("`…/decide/` and `core/http/app.ts`, not `/status` or `a/b`"), [
    "roles/postgres-node/decide/",
    "core/http/app.ts",
  ]);
});
