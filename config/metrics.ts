// Variables of the metrics at /metrics.
import { env, flag, integer, MalformedValue, plainText } from "./env.ts";
import { absolutePath } from "./paths.ts";

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
  doc:
    "Tables of POSTGRES_DB that have series of their own in /metrics: the largest ones, up to so many; 0 for none. " +
    "Where POSTGRES_DB is not set, the oldest database of the cluster is read.",
  changed: "New.",
});

const metricsQueries = env<string | null>("METRICS_QUERIES", absolutePath, {
  fallback: null,
  accepts: "an absolute path of a YAML file as postgres_exporter takes it",
  doc:
    "A file with queries of your own, whose rows become metrics: see docs/metrics.md. They run in POSTGRES_DB as the role " +
    "pg_monitor, read-only, for at most three seconds each.",
  changed: "New.",
});

const userName = (text: string) => {
  if (text.includes(":")) throw new MalformedValue("contains a colon, which ends a user of basic authentication");
  return plainText(text);
};

export const metricsAccess = {
  metricsUser: env("METRICS_USER", userName, {
    fallback: "metrics",
    accepts: "text without control characters and colons",
    doc: "The user of basic authentication at /metrics and at /, if METRICS_PASSWORD is set.",
    changed: "New.",
  }),
  metricsPassword: env("METRICS_PASSWORD", plainText, {
    fallback: "",
    defaultText: "",
    accepts: "text without control characters",
    doc:
      "If it is set, /metrics and the page at / are answered only with it: as the password of METRICS_USER, or as a " +
      "bearer token. Everybody who reaches the container may read them otherwise.",
    changed: "New.",
    secret: true,
  }),
};

export const nodeMetrics = { metricsTables, metricsPatroni, metricsQueries };
