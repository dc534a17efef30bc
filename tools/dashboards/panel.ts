// PURE: a Grafana dashboard from a short description of its panels. It uses panels of Grafana's core only, asks Prometheus through
// the variable `datasource`, and marks each change of the primary in all graphs.

/** What Grafana does with a value: https://grafana.com/docs/grafana/latest/panels-visualizations/. */
export interface Panel {
  title: string;
  /** what the values mean, and what to think of them */
  description: string;
  /** "stat": the value now; "graph": over time; "states": a coloured line for each series; "table": the labels of each series now */
  kind: "stat" | "graph" | "states" | "table";
  /** Grafana's identifier of a unit; a plain number without one */
  unit?: string;
  /** expression: what each of its series is called, by its labels */
  queries: Readonly<Record<string, string>>;
  /** the colour from each value on; the first from the smallest one on */
  colours?: readonly (readonly [colour: string, from?: number])[];
  /** words and colours in place of values */
  words?: Readonly<Record<string, readonly [text: string, colour: string]>>;
  /** what is shown if there is no series */
  none?: string;
  max?: number;
  stacked?: true;
  /** of 24 columns */
  width: number;
}

export interface Dashboard {
  /** the file's name, and the end of the address */
  name: string;
  title: string;
  description: string;
  /** the series whose label `cluster` and label `instance` are offered; only one instance at a time unless `all` */
  of: { series: string; instances: "one" | "all" | "none" };
  rows: readonly { title: string; panels: readonly Panel[] }[];
}

const datasource = { type: "prometheus", uid: "${datasource}" };
const types = { stat: "stat", graph: "timeseries", states: "state-timeline", table: "table" };
const heights = { stat: 4, graph: 8, states: 7, table: 7 };

/** The dashboard as JSON for Grafana's import, or for a folder that Grafana reads (provisioning). */
export function renderDashboard(dashboard: Dashboard): string {
  const { name, title, description } = dashboard;
  return JSON.stringify(
    {
      uid: `postdock-${name}`,
      title,
      description,
      tags: ["postdock"],
      schemaVersion: 39,
      editable: true,
      graphTooltip: 1,
      refresh: "10s",
      time: { from: "now-1h", to: "now" },
      links: [{ type: "dashboards", title: "PostDock", tags: ["postdock"], keepTime: true, includeVars: true }],
      annotations: { list: [newPrimary] },
      templating: { list: variablesOf(dashboard) },
      panels: panelsOf(dashboard),
    },
    null,
    1,
  ) + "\n";
}

const newPrimary = {
  name: "New primary",
  datasource,
  enable: true,
  iconColor: "orange",
  expr: 'changes(max by (cluster) (postdock_timeline{cluster="$cluster"})[1m:10s]) > 0',
  titleFormat: "Another leadership has begun",
};

function variablesOf({ of: { series, instances } }: Dashboard): unknown[] {
  const query = (name: string, label: string, text: string, all: boolean) => ({
    name,
    label,
    type: "query",
    datasource,
    query: { query: text, refId: name },
    refresh: 2,
    sort: 1,
    ...(all ? { includeAll: true, allValue: ".+", current: { text: "All", value: "$__all" } } : {}),
  });
  const instance = `label_values(${series}{cluster="$cluster"}, instance)`;
  return [
    { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
    query("cluster", "Cluster", `label_values(${series}, cluster)`, false),
    ...instances === "none" ? [] : [query("instance", "Container", instance, instances === "all")],
  ];
}

/** Rows from the top down, and in each its panels from left to right, in as many lines as they need. */
function panelsOf({ rows }: Dashboard): unknown[] {
  const placed: unknown[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    placed.push({ id: placed.length + 1, type: "row", title, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 } });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const panel of panels) {
      const { width: w } = panel;
      const h = heights[panel.kind];
      if (x + w > 24) [x, y, tallest] = [0, y + tallest, 0];
      placed.push({ id: placed.length + 1, gridPos: { x, y, w, h }, ...panelOf(panel) });
      x += w;
      tallest = Math.max(tallest, h);
    }
    y += tallest;
  }
  return placed;
}

function panelOf(panel: Panel): Record<string, unknown> {
  const { kind, title, description, unit = "none", words = {}, none, max, colours = [["green"]] } = panel;
  const mappings = Object.entries(words).map(([value, [text, color]], index) => ({
    type: "value",
    options: { [value]: { text, color, index } },
  }));
  const steps = colours.map(([color, from = null]) => ({ color, value: from }));
  return {
    type: types[kind],
    title,
    description,
    datasource,
    targets: Object.entries(panel.queries).map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + i),
      datasource,
      expr,
      legendFormat,
      ...(kind === "table" ? { format: "table", instant: true } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit,
        ...(none === undefined ? {} : { noValue: none }),
        ...(max === undefined ? {} : { min: 0, max }),
        ...(mappings.length > 0 ? { mappings } : {}),
        thresholds: { mode: "absolute", steps },
        ...customOf(panel),
      },
      overrides: [],
    },
    ...optionsOf(panel),
  };
}

function customOf({ kind, stacked, colours }: Panel): Record<string, unknown> {
  if (kind !== "graph") return { color: { mode: "thresholds" } };
  const custom = {
    fillOpacity: stacked ? 30 : 8,
    showPoints: "never",
    ...(stacked ? { stacking: { mode: "normal" } } : {}),
    ...(colours ? { thresholdsStyle: { mode: "dashed" } } : {}),
  };
  return { color: { mode: "palette-classic" }, custom };
}

function optionsOf({ kind, queries }: Panel): Record<string, unknown> {
  const reduceOptions = { calcs: ["lastNotNull"] };
  // a label alone is what is to be read
  const isName = Object.values(queries).every((legend) => /^\{\{\w+\}\}$/.test(legend));
  switch (kind) {
    case "stat":
      return { options: { reduceOptions, textMode: isName ? "value_and_name" : "auto", colorMode: "background" } };
    case "graph":
      return { options: { tooltip: { mode: "multi" }, legend: { displayMode: "list", placement: "bottom" } } };
    case "states":
      return { options: { mergeValues: true, showValue: "auto" } };
    case "table": {
      const hidden = { Time: true, Value: true, __name__: true, alertstate: true, cluster: true, job: true };
      return { transformations: [{ id: "organize", options: { excludeByName: hidden } }] };
    }
  }
}
