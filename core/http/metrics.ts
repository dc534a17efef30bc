// Samples as Prometheus text: the only file that knows prom-client.
import { Gauge, Registry } from "prom-client";
import type { Sample } from "../words/sample.ts";

/** The content type of GET /metrics. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** Samples as Prometheus text; all are gauges unless the name ends in _total. */
export async function renderMetrics(samples: readonly Sample[]): Promise<string> {
  const registry = new Registry();
  for (const [name, same] of Map.groupBy(samples, (s) => s.name)) {
    const labelNames = [...new Set(same.flatMap((s) => Object.keys(s.labels ?? {})))];
    const gauge = new Gauge({ name, help: same[0]!.help, labelNames, registers: [registry] });
    for (const sample of same) gauge.set(sample.labels ?? {}, sample.value);
  }
  return (await registry.metrics()).replace(/^# TYPE (\S+_total) gauge$/gm, "# TYPE $1 counter");
}
