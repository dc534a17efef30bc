// PURE: every metric of the pgpool container. Names that dashboards of pgpool2_exporter know begin with pgpool2_.
import type { PgpoolStatus } from "../../../core/protocol/status.ts";
import {
  buildInfo,
  type EventMetrics,
  type Gauge,
  gauge,
  gaugeOfEach,
  publishedPasswordsGauge,
  tlsGauges,
  type TlsSeen,
} from "../../../core/words/metric.ts";

/** What /status shows, and whether pgpool answered the agent. */
export interface PoolMetricsView {
  status: PgpoolStatus;
  answers: boolean;
  tls: TlsSeen;
}

type BackendStatus = PgpoolStatus["backends"][number];

/** Read at each scrape. */
export const poolGauges: readonly Gauge<PoolMetricsView>[] = [
  buildInfo(),
  publishedPasswordsGauge((v) => v.status.publishedPasswords?.length ?? null),
  ...tlsGauges<PoolMetricsView>((v) => v.tls),
  gauge("pgpool2_up", "1 while pgpool answers the agent", (v) => v.answers),
  gauge("postdock_pgpool_primary_in_sight", "1 while a primary is in sight", (v) => v.status.primary !== null),
  gauge("postdock_pgpool_serves_primary", "1 while writes go to the primary", (v) => v.answers ? serves(v) : null),
  gauge(
    "pgpool2_frontend_total",
    "Sessions that pgpool has, num_init_children",
    (v) => v.status.sessions?.total ?? null,
  ),
  gauge(
    "postdock_pgpool_login_ok",
    "0 while no login gets through pgpool",
    (v) => v.answers ? v.status.noLogin === null : null,
  ),
  gaugeOfEach(
    "pgpool2_pool_nodes_status",
    "1 while pgpool sends sessions to the backend",
    ["hostname", "port", "role"],
    (v) => known(v).map((b) => ({ labels: { ...address(b), role: b.role }, value: attached(b) })),
  ),
  gaugeOfEach(
    "postdock_pgpool_backend_agrees",
    "1 while pgpool's view of the backend matches what its node reports",
    ["hostname", "port"],
    (v) => known(v).map((b) => ({ labels: address(b), value: agrees(b) })),
  ),
];

/** What is counted where it happens. */
export function poolEvents(metrics: EventMetrics) {
  return { restart: metrics.counter("postdock_pgpool_restarts_total", "Restarts of pgpool by the agent") };
}

export type PoolEvents = ReturnType<typeof poolEvents>;

const known = ({ status }: PoolMetricsView) => status.backends.filter((b) => b.status !== "unknown");
const address = ({ host, port }: BackendStatus) => ({ hostname: host, port: String(port) });
const attached = ({ status }: BackendStatus) => status === "up" || status === "waiting";

function serves(view: PoolMetricsView): boolean {
  return known(view).some((b) => b.host === view.status.primary && attached(b) && b.role === "primary");
}

function agrees(b: BackendStatus): boolean {
  const belongs = b.truth === "primary" || b.truth === "standby";
  return b.role === (b.truth === "primary" ? "primary" : "standby") && attached(b) === belongs;
}
