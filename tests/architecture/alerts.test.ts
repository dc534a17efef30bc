// Every alert leads to a section of the docs that says what to type, asks for metrics that we export, and names its severity.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { Metrics } from "../../core/http/metrics.ts";
import { barmanEvents, barmanGauges } from "../../roles/barman/text/metrics.ts";
import { poolGauges } from "../../roles/pgpool/text/metrics.ts";
import { frontendFamilies } from "../../roles/pgpool/text/pool-shows.ts";
import { serverSources } from "../../roles/postgres-node/exporter/server-sources.ts";
import { slotSources } from "../../roles/postgres-node/exporter/slot-sources.ts";
import { nodeEvents } from "../../roles/postgres-node/http/event-metrics.ts";
import { nodeGauges } from "../../roles/postgres-node/http/metrics.ts";

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

/** Names that are made where they are counted, or by Prometheus itself. */
async function exported(): Promise<Set<string>> {
  const metrics = new Metrics();
  barmanEvents(metrics);
  nodeEvents(metrics);
  const counted = [...(await metrics.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  return new Set([
    ...[...nodeGauges, ...poolGauges, ...barmanGauges].map(({ name }) => name),
    ...[...serverSources, ...slotSources].flatMap(({ columns }) => columns.map(({ name }) => name)),
    ...frontendFamilies([], 0).map(({ name }) => name),
    ...counted,
    "up",
    "pg_up",
    "pg_replication_lag_seconds",
    "postdock_events_total",
    "postdock_metrics_age_seconds",
  ]);
}

test("each alert has one section, to which its runbook link leads", () => {
  const sections = [...docs.matchAll(/^### (\w+)$/gm)].map((m) => m[1]!);
  assert.deepEqual(rules.map((r) => r.alert), sections);
  for (const { alert, annotations } of rules) {
    assert.equal(annotations.runbook_url, `docs/alerts.md#${alert.toLowerCase()}`);
    assert.ok(annotations.summary !== "" && annotations.description !== "", alert);
  }
});

test("each alert has a severity of three", () => {
  for (const { alert, labels } of rules) assert.ok(["info", "warning", "critical"].includes(labels.severity), alert);
});

test("each alert asks for metrics that are exported", async () => {
  const known = await exported();
  for (const { alert, expr } of rules) {
    const asked = expr.replaceAll(/"[^"]*"/g, "").match(/\b(?:up|(?:pg|postdock|barman|pgpool2)_\w+)(?=[^\w])/g) ?? [];
    assert.ok(asked.length > 0, alert);
    for (const name of asked) {
      if (!name.startsWith("pg_settings_")) assert.ok(known.has(name), `${alert} asks for ${name}`);
    }
  }
});
