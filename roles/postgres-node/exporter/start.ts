// What the node exports: what the agent knows, and what PostgreSQL says about itself.
import type { Metrics } from "../../../core/http/metrics.ts";
import { familiesText } from "../../../core/words/family.ts";
import { exporterFamilies, nodeGauges } from "../http/metrics.ts";
import { patroniFamilies } from "../http/patroni-metrics.ts";
import { type Node, statusOf } from "../node.ts";
import { connectExporter } from "../tools/exporter-session.ts";
import { CustomMetrics, namesIn, type QueriesFile } from "./custom-metrics.ts";
import { Exporter } from "./exporter.ts";
import type { RoundDeps } from "./rounds.ts";

/** Fills the metrics of the node until it is to stop. `file`: queries of the operator. */
export function exportMetrics(node: Node, metrics: Metrics, file: QueriesFile | null): void {
  const { config, clock, log, stop, seen } = node;
  const deps: RoundDeps = {
    clock,
    log,
    signal: stop,
    server: () => {
      const role = seen.role();
      return role === "none" ? role : role === "unknown" ? "silent" : "answers";
    },
    connect: () => connectExporter(config),
  };
  const exporter = new Exporter({
    ...deps,
    label: `${config.host}:5432`,
    tables: config.metricsTables,
    versions: config.imageVersions,
  });
  const custom = file === null ? null : new CustomMetrics(file, deps);
  metrics.gauges(nodeGauges, () => statusOf(node));
  metrics.also(() => {
    const status = statusOf(node);
    const others = [...exporterFamilies(status), ...(config.metricsPatroni ? patroniFamilies(status) : [])];
    const text = familiesText(others) + exporter.text();
    return custom === null ? text : text + custom.text(namesIn(text));
  });
  void exporter.run(); // it never throws
  void custom?.run(); // neither does this
}
