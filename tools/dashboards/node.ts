// PURE: the dashboard of one node: its server as postgres_exporter shows it, and its agent.
import { load, of, ofAll, perSecond, space } from "./node-server.ts";
import type { Dashboard, Panel } from "./panel.ts";

const clients = ',backend_type="client backend"';

const now: readonly Panel[] = [
  {
    title: "Role",
    description: "What the node says of itself.",
    kind: "stat",
    queries: { [of("postdock_is_primary")]: "role" },
    words: { "0": ["standby", "blue"], "1": ["primary", "green"] },
    none: "unknown",
    width: 3,
  },
  {
    title: "Server",
    description: "Whether the server answers its agent.",
    kind: "stat",
    queries: { [of("pg_up")]: "server" },
    words: { "0": ["does not answer", "red"], "1": ["answers", "green"] },
    none: "not scraped",
    width: 3,
  },
  {
    title: "Up for",
    description: "Time since the server started.",
    kind: "stat",
    unit: "s",
    queries: { [`time() - ${of("pg_postmaster_start_time_seconds")}`]: "up" },
    width: 3,
  },
  {
    title: "Version",
    description: "Of PostgreSQL.",
    kind: "stat",
    queries: { [of("pg_static")]: "{{short_version}}" },
    words: { "1": ["PostgreSQL", "blue"] },
    width: 3,
  },
  {
    title: "Connections in use",
    description:
      "Share of max_connections without those reserved for superusers. Once all are, new sessions are refused.",
    kind: "stat",
    unit: "percentunit",
    queries: {
      [
        `sum(${of("pg_stat_activity_count")}) / (max(${of("pg_settings_max_connections")}) - max(${
          of("pg_settings_superuser_reserved_connections")
        }))`
      ]: "in use",
    },
    colours: [["green"], ["orange", 0.6], ["red", 0.8]],
    width: 3,
  },
  {
    title: "Found in the cache",
    description: "Share of the blocks that were found in shared_buffers.",
    kind: "stat",
    unit: "percentunit",
    queries: { [`${ofAll("blks_hit")} / (${ofAll("blks_hit")} + ${ofAll("blks_read")})`]: "found" },
    colours: [["orange"], ["green", 0.9]],
    width: 3,
  },
  {
    title: "Longest transaction",
    description: "It keeps VACUUM from removing rows that died since.",
    kind: "stat",
    unit: "s",
    queries: { [`max(${of("pg_stat_activity_max_tx_duration", clients)})`]: "longest" },
    colours: [["green"], ["orange", 600], ["red", 3_600]],
    none: "none",
    width: 3,
  },
  {
    title: "Volume left",
    description: "Share of the volume of the data directory that is free. A primary without room hands over or stops.",
    kind: "stat",
    unit: "percentunit",
    queries: { [`${of("postdock_disk_free_bytes")} / ${of("postdock_disk_total_bytes")}`]: "free" },
    colours: [["red"], ["orange", 0.05], ["green", 0.15]],
    width: 3,
  },
];

const agent: readonly Panel[] = [
  {
    title: "CPU of the agent",
    description: "Share of one core.",
    kind: "graph",
    unit: "percentunit",
    queries: { [perSecond("process_cpu_seconds_total")]: "agent" },
    width: 8,
  },
  {
    title: "Memory of the agent",
    description: "Resident memory.",
    kind: "graph",
    unit: "bytes",
    queries: { [of("process_resident_memory_bytes")]: "agent" },
    width: 8,
  },
  {
    title: "Age of these values",
    description: "How long ago the server was read for them.",
    kind: "graph",
    unit: "s",
    queries: { [`max(${of("postdock_metrics_age_seconds")})`]: "oldest" },
    colours: [["green"], ["red", 150]],
    width: 8,
  },
];

export const nodeDashboard: Dashboard = {
  name: "node",
  title: "PostDock: node",
  description: "One node: what its server does, what it keeps, and what its agent costs.",
  of: { series: "postdock_is_primary", instances: "one" },
  rows: [
    { title: "Now", panels: now },
    { title: "Load", panels: load },
    { title: "Space and age", panels: space },
    { title: "Agent", panels: agent },
  ],
};
