// PURE: gauges of what keeps a node, or its cluster, from being safe; alerts are made from them.
import type { NodeStatus } from "../../../core/protocol/status.ts";
import {
  buildInfo,
  type Gauge,
  gauge,
  gaugeOfEach,
  publishedPasswordsGauge,
  tlsGauges,
} from "../../../core/words/metric.ts";

/** Read at each scrape. */
export function troubleGauges(): Gauge<NodeStatus>[] {
  return [
    gauge(
      "postdock_healthy",
      "0 while the server has not answered its agent, or the node has waited for others, for too long",
      (s) => s.unhealthy === null,
    ),
    gauge(
      "postdock_trouble",
      "1 while its server does not start or does not stream, and why is known",
      (s) => s.trouble !== null,
    ),
    gauge(
      "postdock_role_troubles",
      "Database roles that are wrong, and passwords that differ from the primary's",
      (s) => s.roles.length,
    ),
    gauge(
      "postdock_failing_seconds",
      "For how long its server has not answered, or has failed to start, seconds",
      (s) => s.failingMs / 1000,
    ),
    gauge("postdock_failover_paused", "1 while automatic failover is paused", (s) => s.paused.on),
    gauge("postdock_forced", "1 while it leads without a majority, since an operator forced it", (s) => s.forced),
    gauge(
      "postdock_voters",
      "Voters that this node has: PARTNER_NODES and QUORUM_OBSERVERS",
      (s) => s.lease.voters.length,
    ),
    gauge(
      "postdock_lease_refusals",
      "Voters that did not grant the lease when last asked",
      (s) => s.lease.refusals.length,
    ),
    // one series a node: what it is told at its start; a difference between nodes is a difference of this label
    gaugeOfEach("postdock_electorate_info", "1, with the voters that this node knows", ["voters"], (s) => [
      { labels: { voters: [...s.lease.voters].sort().join(",") }, value: 1 },
    ]),
    gaugeOfEach("postdock_consistency_info", "1, with its CONSISTENCY", ["mode"], (s) => [
      { labels: { mode: s.consistency.mode }, value: 1 },
    ]),
    buildInfo(),
    publishedPasswordsGauge((s) => s.publishedPasswords?.length ?? null),
    gauge("postdock_tls_on", "1 if the server takes connections with TLS", (s) => s.tls && s.tls.on),
    ...tlsGauges<NodeStatus>((s) => s.tls && { faults: s.tls.faults.length, endsMs: s.tls.certificateEndsMs ?? null }),
  ];
}
