// Variables of the metrics at /metrics.
import { env, integer } from "./env.ts";

export const metricsTables = env("METRICS_TABLES", integer(0, 10_000), {
  fallback: 100,
  accepts: "a whole number, 0 to 10000",
  doc: "Tables of POSTGRES_DB that have series of their own in /metrics: the largest ones, up to so many; 0 for none.",
  changed: "New.",
});
