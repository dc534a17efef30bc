// The metrics of the pgpool container: the names, types and labels that dashboards know, and nothing for what is unseen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "../../../core/http/metrics.ts";
import type { PgpoolStatus } from "../../../core/protocol/status.ts";
import { seriesOf } from "../../../tests/support/metrics.ts";
import { poolEvents, poolGauges, type PoolMetricsView } from "./metrics.ts";

type BackendStatus = PgpoolStatus["backends"][number];
const backend = (id: number, role: string, truth: BackendStatus["truth"], status = "up"): BackendStatus => ({
  id,
  host: `n${id}`,
  port: 5432,
  status,
  role,
  truth,
});

async function scrape(backends: BackendStatus[], answers = true): Promise<string> {
  const metrics = new Metrics();
  const events = poolEvents(metrics);
  const sessions = answers ? { busy: 3, total: 32 } : null;
  const status = {
    primary: "n0",
    backends,
    sessions,
    noLogin: null,
    publishedPasswords: [],
  } as unknown as PgpoolStatus;
  metrics.gauges<PoolMetricsView>(poolGauges, () => ({ status, answers, tls: { faults: 1, endsMs: 5_000 } }));
  events.restart.inc();
  return await metrics.text();
}

/** As they were before counters were counters. */
const recorded = [
  "counter postdock_pgpool_restarts_total{}",
  "gauge pgpool2_frontend_total{}",
  "gauge pgpool2_pool_nodes_status{hostname,port,role}",
  "gauge pgpool2_up{}",
  "gauge postdock_build_info{version}",
  "gauge postdock_pgpool_backend_agrees{hostname,port}",
  "gauge postdock_pgpool_login_ok{}",
  "gauge postdock_pgpool_primary_in_sight{}",
  "gauge postdock_pgpool_serves_primary{}",
  "gauge postdock_published_passwords{}",
  "gauge postdock_tls_certificate_end_time_seconds{}",
  "gauge postdock_tls_faults{}",
];

test("while pgpool answers, every metric that dashboards use is present", async () => {
  const text = await scrape([backend(0, "primary", "primary"), backend(1, "standby", "false-primary")]);
  assert.deepEqual(seriesOf(text), recorded);
  assert.match(text, /^pgpool2_pool_nodes_status\{hostname="n0",port="5432",role="primary"\} 1$/m);
  assert.match(text, /^postdock_pgpool_backend_agrees\{hostname="n1",port="5432"\} 0$/m);
  assert.match(text, /^postdock_pgpool_serves_primary 1$/m);
  assert.match(text, /^pgpool2_frontend_total 32$/m);
  assert.match(text, /^postdock_pgpool_restarts_total 1$/m);
});

test("while pgpool does not answer, metrics of backends and of serving the primary are absent", async () => {
  const text = await scrape([backend(0, "unknown", "primary", "unknown")], false);
  const unseen = ["frontend", "login_ok", "pool_nodes_status", "backend_agrees", "serves_primary"];
  assert.deepEqual(seriesOf(text), recorded.filter((s) => !unseen.some((name) => s.includes(name))));
  assert.match(text, /^pgpool2_up 0$/m);
});
