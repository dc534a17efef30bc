// What the node exports: what the agent knows, and what PostgreSQL says about itself.
import type { Metrics } from "../../../core/http/metrics.ts";
import { familiesText } from "../../../core/words/family.ts";
import { exporterFamilies, nodeGauges } from "../http/metrics.ts";
import { patroniFamilies } from "../http/patroni-metrics.ts";
import { type Node, statusOf } from "../node.ts";
import { connectExporter } from "../tools/exporter-session.ts";
import { Exporter } from "./exporter.ts";

/** Fills the metrics of the node until it is to stop. */
export function exportMetrics(node: Node, metrics: Metrics): void {
  const { config, clock, log, stop, seen } = node;
  const exporter = new Exporter({
    clock,
    log,
    signal: stop,
    answers: () => ["primary", "standby"].includes(seen.role()),
    connect: () => connectExporter(config.postgresDb, config.replicationDb),
    server: `${config.host}:5432`,
    tables: config.metricsTables,
  });
  metrics.gauges(nodeGauges, () => statusOf(node));
  metrics.also(() => {
    const status = statusOf(node);
    const others = [...exporterFamilies(status), ...(config.metricsPatroni ? patroniFamilies(status) : [])];
    return familiesText(others) + exporter.text();
  });
  void exporter.run(); // it never throws
}
