// PURE: the dashboard of a cluster: which node leads, whether it may, and what another failover would find.
import type { Dashboard } from "./panel.ts";

const of = (name: string, more = "") => `${name}{cluster="$cluster"${more}}`;
const voters = of("postdock_voters");
const leader = `${of("postdock_lease_held")} == 1`;

export const clusterDashboard: Dashboard = {
  name: "cluster",
  title: "PostDock: cluster",
  description: "Which node is the primary, how far the others are, and what another failover would find.",
  of: { series: "postdock_build_info", instances: "none" },
  rows: [
    {
      title: "Now",
      panels: [
        {
          title: "Primary",
          description: "The node that says it is the primary. More than one is a trouble: see PostDockTwoPrimaries.",
          kind: "stat",
          queries: { [`${of("postdock_is_primary")} == 1`]: "{{node}}" },
          words: { "1": ["primary", "green"] },
          none: "no primary",
          width: 4,
        },
        {
          title: "Lease left",
          description: "Time for which the primary may write if no voter answers any more. It is renewed all the time.",
          kind: "stat",
          unit: "s",
          queries: { [`max(${of("postdock_lease_remaining_seconds")} and ${leader})`]: "left" },
          colours: [["red"], ["orange", 0.3], ["green", 1]],
          none: "no lease",
          width: 4,
        },
        {
          title: "Voters that may be lost",
          description: "So many more voters may be lost before no node may lead.",
          kind: "stat",
          queries: {
            [`${voters} - ${of("postdock_lease_refusals")} - floor(${voters} / 2) - 1 and ${leader}`]: "voters",
          },
          colours: [["red"], ["green", 1]],
          none: "no lease",
          width: 4,
        },
        {
          title: "Standbys that stream",
          description: "Standbys whose WAL receiver streams, and those that should.",
          kind: "stat",
          queries: {
            [`sum(${of("postdock_streaming")})`]: "stream",
            [`count(${of("postdock_streaming")})`]: "standbys",
          },
          colours: [["red"], ["green", 1]],
          width: 4,
        },
        {
          title: "Failover",
          description: "Whether a lost primary is replaced by itself. `postdock cluster resume` ends a pause.",
          kind: "stat",
          queries: { [`max(${of("postdock_failover_paused")})`]: "failover" },
          words: { "0": ["automatic", "green"], "1": ["paused", "orange"] },
          width: 4,
        },
        {
          title: "Consistency",
          description: "Whether commits are on as many nodes as CONSISTENCY promises.",
          kind: "stat",
          queries: { [`max(${of("postdock_consistency_degraded")})`]: "promise" },
          words: { "0": ["kept", "green"], "1": ["not kept", "red"] },
          width: 4,
        },
        {
          title: "Alerts",
          description: "Alerts that fire. docs/alerts.md says for each what to type.",
          kind: "table",
          queries: { [of("ALERTS", ',alertstate="firing"')]: "" },
          none: "no alert fires",
          width: 12,
        },
        {
          title: "What went wrong",
          description: "Warnings and errors in the logs of the containers, each by its event.",
          kind: "graph",
          unit: "short",
          queries: {
            [
              `sum by (instance, event) (increase(${
                of("postdock_events_total", ',level=~"warn|error"')
              }[$__rate_interval])) > 0`
            ]: "{{instance}}: {{event}}",
          },
          none: "nothing",
          width: 12,
        },
      ],
    },
    {
      title: "Roles",
      panels: [
        {
          title: "Role of each node",
          description: "A gap is a node that is not seen.",
          kind: "states",
          queries: { [of("postdock_is_primary")]: "{{node}}" },
          words: { "0": ["standby", "blue"], "1": ["primary", "green"] },
          width: 8,
        },
        {
          title: "Streaming",
          description: "Whether each standby receives WAL.",
          kind: "states",
          queries: { [of("postdock_streaming")]: "{{node}}" },
          words: { "0": ["does not stream", "red"], "1": ["streams", "green"] },
          width: 8,
        },
        {
          title: "Containers",
          description: "Whether Prometheus reaches each container.",
          kind: "states",
          queries: { [of("up")]: "{{instance}}" },
          words: { "0": ["down", "red"], "1": ["up", "green"] },
          width: 8,
        },
      ],
    },
    {
      title: "Replication",
      panels: [
        {
          title: "Lag, bytes",
          description: "WAL of the primary that each node has not replayed.",
          kind: "graph",
          unit: "bytes",
          queries: { [of("postdock_replication_lag_bytes")]: "{{node}}" },
          colours: [["green"], ["red", 256e6]],
          width: 8,
        },
        {
          title: "Lag, seconds",
          description: "Age of the last replayed commit; 0 on a node that has replayed all.",
          kind: "graph",
          unit: "s",
          queries: { [of("pg_replication_lag_seconds")]: "{{instance}}" },
          colours: [["green"], ["red", 60]],
          width: 8,
        },
        {
          title: "WAL written",
          description: "By the primary, and so received and replayed by each standby.",
          kind: "graph",
          unit: "Bps",
          queries: {
            [`max by (instance) (rate(${of("pg_replication_slot_slot_current_wal_lsn")}[$__rate_interval]))`]:
              "{{instance}}",
          },
          width: 8,
        },
      ],
    },
    {
      title: "Leadership",
      panels: [
        {
          title: "Age of the lease when it was renewed",
          description: "The median and the slowest of a hundred renewals. It is lost at about LEASE_TTL.",
          kind: "graph",
          unit: "s",
          queries: Object.fromEntries([0.5, 0.99].map((share) => [
            `histogram_quantile(${share}, sum by (le) (rate(${
              of("postdock_lease_age_seconds_bucket")
            }[$__rate_interval])))`,
            `${share * 100} % below`,
          ])),
          width: 8,
        },
        {
          title: "Timeline",
          description: "Each leadership begins one.",
          kind: "graph",
          queries: { [`max(${of("postdock_timeline")})`]: "timeline" },
          width: 8,
        },
        {
          title: "Promotions and rejoins",
          description: "In the last hour: nodes that became the primary, and data that were rewound or cloned.",
          kind: "graph",
          queries: {
            [`sum(increase(${of("postdock_promotion_seconds_count")}[1h]))`]: "promotions",
            [`sum(increase(${of("postdock_rejoin_seconds_count")}[1h]))`]: "rejoins",
          },
          width: 8,
        },
      ],
    },
  ],
};
