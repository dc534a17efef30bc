// The names of all metrics that a container can export, for the tests of what asks for them.
import { barmanEvents, barmanGauges } from "../../roles/barman/text/metrics.ts";
import { processFamilies } from "../../core/runtime/own-process.ts";
import { poolEvents, poolGauges } from "../../roles/pgpool/text/metrics.ts";
import { frontendFamilies, parseShows, showFamilies } from "../../roles/pgpool/text/pool-shows.ts";
import { serverSources } from "../../roles/postgres-node/exporter/server-sources.ts";
import { slotSources } from "../../roles/postgres-node/exporter/slot-sources.ts";
import { ioSources } from "../../roles/postgres-node/exporter/io-sources.ts";
import { statSources } from "../../roles/postgres-node/exporter/stat-sources.ts";
import { tableSources } from "../../roles/postgres-node/exporter/table-sources.ts";
import { nodeEvents } from "../../roles/postgres-node/http/event-metrics.ts";
import { nodeGauges } from "../../roles/postgres-node/http/metrics.ts";

/** What Prometheus makes itself, and what is made where it is counted. */
const others = [
  "up",
  "ALERTS",
  "pg_up",
  "pg_replication_lag_seconds",
  "postdock_events_total",
  "postdock_metrics_age_seconds",
];

function exportedNames(): Set<string> {
  const counted: string[] = [];
  const counter = (name: string) => (counted.push(name), { inc: () => {} });
  const duration = (name: string) => {
    counted.push(...["_bucket", "_sum", "_count"].map((end) => name + end));
    return { observe: () => {} };
  };
  const metrics = { counter, counterOfEach: counter, duration, durationOfEach: duration };
  for (const events of [barmanEvents, poolEvents, nodeEvents]) events(metrics);
  const sources = [
    ...serverSources,
    ...slotSources,
    ...statSources({ postgres: "18" }),
    ...ioSources({ postgres: "18" }),
    ...tableSources(1),
  ];
  const families = [...frontendFamilies([], 0), ...showFamilies(parseShows("")), ...processFamilies()];
  return new Set([
    ...[...nodeGauges, ...poolGauges, ...barmanGauges, ...families].map(({ name }) => name),
    ...sources.flatMap(({ columns }) => columns.map(({ name }) => name)),
    ...counted,
    ...others,
  ]);
}

const exported = exportedNames();

/** The names of metrics in an expression. */
export function namesIn(expr: string): string[] {
  const bare = expr.replaceAll(/"[^"]*"/g, "");
  return [...bare.matchAll(/\b(?:up|ALERTS|(?:pg|postdock|barman|pgpool2|process)_\w+)\b(?!\()/g)].map(([name]) =>
    name
  );
}

/** Those of them that no container exports. What PostgreSQL's own settings are called is known to PostgreSQL only. */
export const unknownIn = (expr: string): string[] =>
  namesIn(expr).filter((name) => !exported.has(name) && !name.startsWith("pg_settings_"));
