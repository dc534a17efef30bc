// Every dashboard has the form that Grafana reads, uses core panels only, explains each panel, and asks for metrics that we export.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { z } from "zod";
import { namesIn, unknownIn } from "./metric-names.ts";

const folder = "monitoring/dashboards";
const Source = z.object({ type: z.literal("prometheus"), uid: z.literal("${datasource}") });
const Grid = z.object({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1), h: z.int().min(1) });
const Target = z.object({ refId: z.string().min(1), datasource: Source, expr: z.string(), legendFormat: z.string() });
const Shown = z.object({
  id: z.int(),
  type: z.enum(["stat", "timeseries", "state-timeline", "table"]),
  title: z.string().min(1),
  description: z.string().regex(/\.$/),
  datasource: Source,
  gridPos: Grid,
  targets: z.array(Target).min(1),
  fieldConfig: z.object({
    defaults: z.object({
      unit: z.enum(["none", "short", "s", "bytes", "Bps", "ops", "percentunit"]),
      thresholds: z.object({ steps: z.array(z.object({ color: z.string(), value: z.number().nullable() })).min(1) }),
    }),
  }),
});
const Row = z.object({ id: z.int(), type: z.literal("row"), title: z.string().min(1), gridPos: Grid });
const Dashboard = z.object({
  uid: z.string().max(40),
  title: z.string(),
  tags: z.array(z.string()),
  schemaVersion: z.int(),
  annotations: z.object({ list: z.array(z.object({ expr: z.string(), datasource: Source })) }),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.unknown() })) }),
  panels: z.array(z.union([Shown, Row])),
});

const files = (await readdir(folder)).toSorted();
const dashboards = await Promise.all(files.map(async (file) => ({
  file,
  text: await readFile(`${folder}/${file}`, "utf8"),
})));
const parsed = dashboards.map(({ file, text }) => ({ file, dashboard: Dashboard.parse(JSON.parse(text)) }));
const docs = await readFile("docs/monitoring.md", "utf8");

test("there are four, each with a name of its own and a place in the docs", () => {
  assert.deepEqual(files, ["backup.json", "cluster.json", "node.json", "pool.json"]);
  assert.equal(new Set(parsed.map(({ dashboard }) => dashboard.uid)).size, files.length);
  for (const { file, dashboard } of parsed) {
    assert.ok(docs.includes(`\`${file}\``), `docs/monitoring.md does not name ${file}`);
    assert.equal(dashboard.templating.list[0]!.name, "datasource");
  }
});

test("panels have numbers of their own and do not overlap", () => {
  for (const { file, dashboard: { panels } } of parsed) {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, file);
    const taken = new Set<string>();
    for (const { title, gridPos: { x, y, w, h } } of panels) {
      assert.ok(x + w <= 24, `${file}: ${title}`);
      for (let i = x; i < x + w; i++) {
        for (let j = y; j < y + h; j++) {
          assert.ok(!taken.has(`${i} ${j}`), `${file}: ${title} lies on another panel`);
          taken.add(`${i} ${j}`);
        }
      }
    }
  }
});

test("each query asks for metrics that are exported, of the chosen cluster", () => {
  for (const { file, dashboard: { panels, annotations } } of parsed) {
    const asked = panels.flatMap((panel) => panel.type === "row" ? [] : panel.targets).concat(
      annotations.list as never,
    );
    for (const { expr } of asked) {
      assert.deepEqual(unknownIn(expr), [], `${file}: ${expr}`);
      const chosen = [...expr.matchAll(/\b\w+\{cluster="\$cluster"/g)];
      assert.ok(chosen.length > 0 && chosen.length === namesIn(expr).length, `${file}: ${expr}`);
    }
  }
});

test("this check can fail", () => {
  assert.deepEqual(unknownIn('rate(pg_up{a="pg_no"}[1m]) + pg_nothing'), ["pg_nothing"]);
  assert.equal(Dashboard.safeParse({ ...parsed[0]!.dashboard, panels: [{ type: "gauge-plugin" }] }).success, false);
});
