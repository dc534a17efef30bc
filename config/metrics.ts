// Variables of the metrics at /metrics.
import { env, flag, integer } from "./env.ts";

const metricsPatroni = env("METRICS_PATRONI", flag, {
  fallback: true,
  defaultText: "1",
  accepts: "0 or 1",
  doc: "1: /metrics also has the names that Patroni gives to what a node knows, for dashboards and alerts made for it.",
  changed: "New.",
});

const metricsTables = env("METRICS_TABLES", integer(0, 10_000), {
  fallback: 100,
  accepts: "a whole number, 0 to 10000",
  doc: "Tables of POSTGRES_DB that have series of their own in /metrics: the largest ones, up to so many; 0 for none.",
  changed: "New.",
});

export const nodeMetrics = { metricsTables, metricsPatroni };
