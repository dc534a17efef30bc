// PURE: the metrics of the pgpool container. Names that dashboards of pgpool2_exporter know begin with pgpool2_.
import type { Sample } from "../../../core/words/sample.ts";
import type { PgpoolStatus } from "../../../core/protocol/status.ts";

/** Samples from what /status shows; what could not be seen is left out, never zero. */
export function poolSamples(status: PgpoolStatus, agent: { restarts: number; answers: boolean }): Sample[] {
  const attached = (b: PgpoolStatus["backends"][number]) => b.status === "up" || b.status === "waiting";
  const known = status.backends.filter((b) => b.status !== "unknown");
  const inSight = status.primary === null ? 0 : 1;
  const writes = known.some((b) => b.host === status.primary && attached(b) && b.role === "primary") ? 1 : 0;
  const perBackend = known.flatMap((b): Sample[] => {
    const labels = { hostname: b.host, port: String(b.port) };
    return [
      {
        name: "pgpool2_pool_nodes_status",
        help: "1 while pgpool sends sessions to the backend",
        labels: { ...labels, role: b.role },
        value: attached(b) ? 1 : 0,
      },
      {
        name: "postdock_pgpool_backend_agrees",
        help: "1 while pgpool's view of the backend is what its node says of itself",
        labels,
        value: b.role === (b.truth === "primary" ? "primary" : "standby") && attached(b) === serves(b.truth) ? 1 : 0,
      },
    ];
  });
  return [
    { name: "pgpool2_up", help: "1 while pgpool answers the agent", value: agent.answers ? 1 : 0 },
    { name: "postdock_pgpool_primary_in_sight", help: "1 while a node is known as the primary", value: inSight },
    ...(agent.answers
      ? [{ name: "postdock_pgpool_serves_primary", help: "1 while writes go to the primary", value: writes }]
      : []),
    { name: "postdock_pgpool_restarts_total", help: "Restarts of pgpool by the agent", value: agent.restarts },
    ...perBackend,
  ];
}

function serves(truth: PgpoolStatus["backends"][number]["truth"]): boolean {
  return truth === "primary" || truth === "standby";
}
