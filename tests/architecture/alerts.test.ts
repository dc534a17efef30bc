// Every alert leads to a section of the docs that says what to type, asks for metrics that we export, and names its severity.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { elsewhere, inRulesTestOnly, provoked } from "../support/alert-rules.ts";
import { namesIn, unknownIn } from "./metric-names.ts";

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

const { groups } = parse(await readFile("monitoring/rules.yml", "utf8")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const docs = await readFile("docs/alerts.md", "utf8");
const page = await readFile("monitoring/consoles/alerts.html", "utf8");

test("each alert has one section, to which its runbook link leads", () => {
  const sections = [...docs.matchAll(/^### (\w+)$/gm)].map((m) => m[1]!);
  assert.deepEqual(rules.map((r) => r.alert), sections);
  assert.deepEqual([...page.matchAll(/<h3 id="(\w+)">/g)].map((m) => m[1]), sections.map((s) => s.toLowerCase()));
  for (const { alert, annotations } of rules) {
    assert.equal(annotations.runbook_url, `{{ $externalURL }}/consoles/alerts.html#${alert.toLowerCase()}`);
    assert.ok(annotations.summary !== "" && annotations.description !== "", alert);
  }
});

test("each alert has a severity of three", () => {
  for (const { alert, labels } of rules) assert.ok(["info", "warning", "critical"].includes(labels.severity), alert);
});

test("each alert asks for metrics that are exported", () => {
  for (const { alert, expr } of rules) {
    assert.ok(namesIn(expr).length > 0, alert);
    assert.deepEqual(unknownIn(expr), [], alert);
  }
});

test("each alert is provoked in a scenario, or fires in rules.test.yml with the reason why only there", async () => {
  const rulesTest = await readFile("monitoring/rules.test.yml", "utf8");
  const only = Object.keys(inRulesTestOnly);
  const all = [...Object.keys(provoked), ...Object.keys(elsewhere), ...only];
  assert.deepEqual(rules.map((r) => r.alert).toSorted(), all.toSorted());
  for (const [alert, [scenario]] of Object.entries(elsewhere)) {
    assert.ok((await readFile(`tests/scenarios/${scenario}.test.ts`, "utf8")).includes(alert), alert);
  }
  assert.deepEqual(only.filter((alert) => !rulesTest.includes(alert)), []);
});
