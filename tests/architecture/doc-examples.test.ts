// The pages' executable examples are found, name services that there are, and the pages' links lead somewhere.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { docExamples } from "../support/doc-examples.ts";
import { filesOf, readText } from "./sources.ts";

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...(await filesOf("docs")).filter((p) => p.endsWith(".md")),
];

test("docExamples() takes the blocks that are marked, and only those", () => {
  const page = "a\n```sh run\none \\\n  two\n```\n```sh\nnot\n```\n```sh run\nthree\n```\n";
  assert.deepEqual(docExamples(page), [{ line: 3, script: "one \\\n  two" }, { line: 10, script: "three" }]);
  assert.throws(() => docExamples("```sh run\nx"), /no end/);
});

test("the README has executable examples, each on a service of the example cluster", async () => {
  const compose = await readText("compose/latest.yml");
  const examples = docExamples(await readText("README.md"));
  assert.ok(examples.length >= 4);
  for (const { line, script } of examples) {
    for (const [, service] of script.matchAll(/compose\/latest\.yml exec (\S+)/g)) {
      assert.ok(compose.includes(`\n  ${service}:\n`), `README.md line ${line}: ${service}`);
    }
  }
});

test("the page of every container of the example is published on its machine alone, at a port of its own that the README names", async () => {
  const { services } = parse(await readText("compose/latest.yml"), { merge: true });
  const ports = Object.entries<{ ports?: string[] }>(services).map(([service, { ports = [] }]) => {
    const [page, ...more] = ports.filter((p) => p.endsWith(":8080"));
    const published = /^127\.0\.0\.1:(\d+):8080$/.exec(page ?? "")?.[1];
    assert.ok(published !== undefined && more.length === 0, `${service}: ${ports}`);
    return published;
  });
  assert.equal(new Set(ports).size, ports.length);
  const readme = await readText("README.md");
  const ends = ports.filter((port) => !["8542", "8543"].includes(port)); // "8541 to 8544"
  for (const port of ends) assert.match(readme, new RegExp(`\\b${port}\\b`));
});

test("the page on security shows what compose/hardened.yml gives to every service of the example", async () => {
  const text = await readText("compose/hardened.yml");
  const { services } = parse(text, { merge: true });
  assert.deepEqual(
    Object.keys(services),
    Object.keys(parse(await readText("compose/latest.yml"), { merge: true }).services),
  );
  const [, shown = ""] = /```yaml\n(user:[^`]*)```/.exec(await readText("docs/security.md")) ?? [];
  for (const service of Object.values(services)) assert.deepEqual(parse(shown), service);
});

test("every link of a page to a file leads to one that is there", async () => {
  for (const page of pages) {
    for (const [, target = ""] of (await readText(page)).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
      const path = join(dirname(page), target);
      const files = await filesOf(path);
      const there = files.length > 1 || await readText(files[0] ?? path).then(() => true, () => false);
      assert.ok(there, `${page} links to ${target}`);
    }
  }
});

test("every variable that a page names in code is one of ours or of PostgreSQL", async () => {
  const { roleVariables } = await import("../../config/roles.ts");
  const { forScripts, retired } = await import("../../config/strangers.ts");
  const ours = new Set(Object.values(roleVariables).flatMap((r) => Object.values(r).map((v) => v.name)));
  for (const page of ["README.md", "CHANGELOG.md"]) {
    for (const [, name = ""] of (await readText(page)).matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)) {
      const known = ours.has(name) || name in forScripts || name in retired || name === "NAME_FILE";
      assert.ok(known, `${page} names ${name}`);
    }
  }
});
