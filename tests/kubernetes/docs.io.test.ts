// What docs/kubernetes.md shows is accepted: its commands, as far as they need no cluster, and its values.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commandGroups } from "../../cli/command-tree.ts";
import { root } from "../../tools/terminal.ts";
import { helm, kustomize, render } from "../support/kubernetes-objects.ts";
import { foundProblems } from "../support/kubernetes-findings.ts";

const page = await readFile(join(root, "docs/kubernetes.md"), "utf8");
const blocks = (kind: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${kind}\n([^]*?)^\`\`\``, "gm"))].map((m) => m[1]!);
const commands = blocks("sh").join("").replaceAll("\\\n", " ").split("\n").map((line) => line.trim());

test("the page's installs and upgrades render", async () => {
  const shown = commands.filter((c) => /^helm (install|upgrade) /.test(c));
  assert.ok(shown.length >= 5);
  for (const command of shown) {
    const [, , release, chart, ...rest] = command.split(/\s+/);
    assert.equal(chart, "kubernetes/chart", command);
    // --reuse-values would keep the defaults of an earlier chart
    assert.equal(rest.includes("--reset-then-reuse-values"), command.startsWith("helm upgrade"), command);
    const files = rest.flatMap((word, i) => rest[i - 1] === "-f" ? [word.replace("kubernetes/chart/", "")] : []);
    const sets = rest.flatMap((word, i) => rest[i - 1] === "--set" ? ["--set", word] : []);
    const { code, stderr } = await helm(["template", release!, ...sets], { files });
    assert.equal(code, 0, `${command}: ${stderr}`);
  }
});

test("the page's values are accepted, by the API and by the containers", async () => {
  const shown = blocks("yaml");
  assert.ok(shown.length >= 3);
  for (const values of shown) {
    assert.deepEqual(await foundProblems(await render(values)), [], values);
  }
});

test("the page's directories build", async () => {
  const shown = commands.flatMap((c) => /^kubectl apply -k (\S+)/.exec(c)?.[1] ?? []);
  assert.equal(shown.length, 2);
  for (const path of shown) assert.notEqual((await kustomize(path)).length, 0);
});

test("the page's commands are there, in pods that the chart makes", () => {
  const known = commandGroups.flatMap(({ name, commands }) => commands.map((c) => `${name} ${c.usage.split(" ")[0]}`));
  const shown = commands.flatMap((c) => /exec (?:-it )?(\S+) -- postdock (\w+ \w+)/.exec(c)?.slice(1, 3) ?? []);
  assert.ok(shown.length >= 10);
  const pods = ["mysystem-db-node-0", "mysystem-barman-node-0"];
  shown.forEach((word, i) => assert.ok((i % 2 === 0 ? pods : known).includes(word), word));
});

test("every value that the page names is one of the chart", async () => {
  const schema = JSON.parse(await readFile(join(root, "kubernetes/chart/values.schema.json"), "utf8"));
  const resolve = (part: { $ref?: string }) => part.$ref ? schema.$defs[part.$ref.split("/").at(-1)!] : part;
  const there = (path: string): boolean => {
    const end = path.split(".").reduce((part, name) => resolve(part?.properties?.[name] ?? {}), schema);
    return Object.keys(end).length > 0;
  };
  const own = /`((?:postDock|postgres|pgpool|barman|tls|metrics|networkPolicy|services|global)\.[a-zA-Z.]+)[:`]/g;
  const table = page.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|")[2]!);
  const prose = page.split("\n").filter((line) => !line.startsWith("|"));
  const named = [...[...table, ...prose].join("\n").matchAll(own)].map((m) => m[1]!);
  assert.ok(named.length >= 30);
  assert.deepEqual(named.filter((path) => !there(path)), []);
});
