// PURE: the dashboard of pgpool: whether clients get in, where their statements go, and what pgpool thinks of each node.
import type { Dashboard } from "./panel.ts";

const of = (name: string) => `${name}{cluster="$cluster",instance=~"$instance"}`;
const perSecond = (name: string) => `rate(${of(name)}[$__rate_interval])`;

export const poolDashboard: Dashboard = {
  name: "pool",
  title: "PostDock: pgpool",
  description: "Whether clients get in, where their statements go, and what pgpool thinks of each node.",
  of: { series: "pgpool2_up", instances: "all" },
  rows: [
    {
      title: "Now",
      panels: [
        {
          title: "pgpool",
          description: "Whether pgpool answers its agent.",
          kind: "stat",
          queries: { [of("pgpool2_up")]: "{{instance}}" },
          words: { "0": ["down", "red"], "1": ["up", "green"] },
          none: "not scraped",
          width: 4,
        },
        {
          title: "Writes",
          description: "Whether pgpool sends writes to the primary.",
          kind: "stat",
          queries: { [of("postdock_pgpool_serves_primary")]: "{{instance}}" },
          words: { "0": ["go nowhere", "red"], "1": ["to the primary", "green"] },
          width: 4,
        },
        {
          title: "Logins",
          description: "Whether the agent's own test login gets through pgpool.",
          kind: "stat",
          queries: { [of("postdock_pgpool_login_ok")]: "{{instance}}" },
          words: { "0": ["refused", "red"], "1": ["get through", "green"] },
          width: 4,
        },
        {
          title: "Sessions in use",
          description: "Share of num_init_children. Once all are in use, the next client waits without a message.",
          kind: "stat",
          unit: "percentunit",
          queries: { [of("pgpool2_frontend_used_ratio")]: "{{instance}}" },
          colours: [["green"], ["orange", 0.7], ["red", 0.9]],
          width: 4,
        },
        {
          title: "Backends in use",
          description: "Backends to which pgpool sends sessions.",
          kind: "stat",
          queries: { [`sum by (instance) (${of("pgpool2_pool_nodes_status")})`]: "{{instance}}" },
          colours: [["red"], ["green", 1]],
          width: 4,
        },
        {
          title: "Restarts",
          description: "Restarts of pgpool by its agent since the container started.",
          kind: "stat",
          queries: { [of("postdock_pgpool_restarts_total")]: "{{instance}}" },
          width: 4,
        },
      ],
    },
    {
      title: "Sessions",
      panels: [
        {
          title: "Sessions",
          description: "Sessions with a client, and how many there can be.",
          kind: "graph",
          queries: {
            [`sum by (instance) (${of("pgpool2_frontend_used")}) or ${of("pgpool2_frontend_used_ratio")} * 0`]:
              "{{instance}}: in use",
            [of("pgpool2_frontend_total")]: "{{instance}}: num_init_children",
          },
          width: 12,
        },
        {
          title: "Sessions by user and database",
          description: "What uses the sessions.",
          kind: "graph",
          queries: { [of("pgpool2_frontend_used")]: "{{username}} in {{database}}" },
          none: "no client",
          stacked: true,
          width: 12,
        },
      ],
    },
    {
      title: "Backends",
      panels: [
        {
          title: "Backends",
          description: "Whether pgpool sends sessions to each node.",
          kind: "states",
          queries: { [of("pgpool2_pool_nodes_status")]: "{{hostname}} ({{role}})" },
          words: { "0": ["detached", "red"], "1": ["attached", "green"] },
          width: 12,
        },
        {
          title: "pgpool's view",
          description:
            "Whether what pgpool thinks of a node is what the node says of itself. It follows within seconds.",
          kind: "states",
          queries: { [of("postdock_pgpool_backend_agrees")]: "{{hostname}}" },
          words: { "0": ["differs", "orange"], "1": ["agrees", "green"] },
          width: 12,
        },
        {
          title: "Reads",
          description: "Reads that pgpool sends to each node.",
          kind: "graph",
          unit: "ops",
          queries: { [perSecond("pgpool2_pool_nodes_select_cnt")]: "{{hostname}}" },
          stacked: true,
          width: 8,
        },
        {
          title: "Writes and other statements",
          description: "What pgpool sends besides reads, on all nodes.",
          kind: "graph",
          unit: "ops",
          queries: Object.fromEntries(
            ["insert", "update", "delete", "ddl", "other"].map((kind) => [
              `sum(${perSecond(`pgpool2_pool_backend_stats_${kind}_cnt`)})`,
              kind,
            ]),
          ),
          stacked: true,
          width: 8,
        },
        {
          title: "Errors of statements",
          description: "Messages of the levels ERROR, FATAL and PANIC that the nodes have sent.",
          kind: "graph",
          unit: "ops",
          queries: Object.fromEntries(
            ["error", "fatal", "panic"].map((level) => [
              `sum by (hostname) (${perSecond(`pgpool2_pool_backend_stats_${level}_cnt`)})`,
              `{{hostname}}: ${level}`,
            ]),
          ),
          width: 8,
        },
        {
          title: "Lag of backends",
          description:
            "WAL that each standby has not replayed, as pgpool knows it. Reads avoid a standby that is far behind.",
          kind: "graph",
          unit: "bytes",
          queries: { [of("pgpool2_pool_nodes_replication_delay")]: "{{hostname}}" },
          width: 12,
        },
        {
          title: "Age of these values",
          description: "How long ago pgpool answered. It does not while all its sessions are in use.",
          kind: "graph",
          unit: "s",
          queries: { [of("postdock_metrics_age_seconds")]: "{{instance}}" },
          colours: [["green"], ["red", 150]],
          width: 12,
        },
      ],
    },
  ],
};
