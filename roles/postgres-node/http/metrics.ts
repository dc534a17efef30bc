// Every gauge of a node is a line in the list; what is counted is in event-metrics.ts.
import { type RestoreEnd, RestoreProgressSchema } from "../../../core/protocol/restore.ts";
import type { NodeStatus } from "../../../core/protocol/status.ts";
import { type Family, familyOf } from "../../../core/words/family.ts";
import { troubleGauges } from "./trouble-metrics.ts";
import { type Gauge, gauge, gaugeOfEach } from "../../../core/words/metric.ts";

const roles = ["primary", "standby", "none", "unknown"] as const satisfies readonly NodeStatus["postgres"]["role"][];

/** Read at each scrape from what /status shows. */
export const nodeGauges: readonly Gauge<NodeStatus>[] = [
  gauge(
    "postdock_is_primary",
    "1 on the primary",
    ({ postgres: { role } }) => role === "unknown" ? null : role === "primary",
  ),
  gaugeOfEach(
    "postdock_role",
    "1 for the role of the server; none: it does not run, unknown: it does not answer",
    ["role"],
    ({ postgres }) => roles.map((role) => ({ labels: { role }, value: postgres.role === role })),
  ),
  gauge("postdock_repmgrd_up", "1 while repmgrd runs", (s) => s.repmgrd.running),
  gauge("postdock_lease_held", "1 while this node holds the lease", (s) => s.lease.held),
  gauge(
    "postdock_lease_remaining_seconds",
    "Time until the lease ends at this node, seconds",
    (s) => s.lease.remainingMs / 1000,
  ),
  gauge("postdock_lease_term", "Newest term that this node knows", (s) => s.lease.term),
  gauge("postdock_lease_in_force", "1 where only the holder is read-write", (s) => s.lease.mode === "on"),
  gauge(
    "postdock_consistency_degraded",
    "1 while the consistency mode cannot keep its promise",
    (s) => s.consistency.degraded !== null,
  ),
  gauge(
    "postdock_fenced",
    "1 while PostgreSQL is stopped here because the lease ended or was missing",
    (s) => s.fenced !== null,
  ),
  gauge("postdock_disk_free_bytes", "Free bytes on the volume of the data directory", (s) => s.disk?.freeBytes ?? null),
  gauge(
    "postdock_disk_total_bytes",
    "Size of the volume of the data directory, bytes",
    (s) => s.disk?.totalBytes ?? null,
  ),
  gauge(
    "postdock_timeline",
    "Timeline of the server; on a primary with the lease this is the epoch of its leadership",
    (s) => s.postgres.timeline,
  ),
  ...troubleGauges(),
  gauge(
    "postdock_replication_lag_bytes",
    "Bytes of the primary's WAL that are not replayed",
    (s) => s.postgres.lagBytes,
  ),
  ...restoreGauges(),
  gauge(
    "postdock_streaming",
    "1 on a standby whose WAL receiver streams",
    ({ postgres: { role, upstream } }) => role === "standby" ? upstream?.streaming === true : null,
  ),
  gauge(
    "postdock_replay_paused",
    "1 on a standby whose replay of WAL is paused",
    ({ postgres: { role, replayPaused } }) => role === "standby" ? replayPaused : null,
  ),
  gauge(
    "postdock_standbys",
    "Standbys streaming from this node",
    ({ postgres }) => postgres.running ? postgres.downstream.length : null,
  ),
];

/** What the agent itself knows better than a look into the server, under the names and labels of postgres_exporter. */
export function exporterFamilies({ postgres }: NodeStatus): Family[] {
  return [
    familyOf("pg_up", "gauge", "1 while the server answers the agent", postgres.running === true),
    familyOf(
      "pg_replication_lag_seconds",
      "gauge",
      "Age of the last replayed commit, seconds; 0 when caught up",
      postgres.role === "primary" ? 0 : postgres.lagSeconds,
    ),
  ];
}

function restoreGauges(): Gauge<NodeStatus>[] {
  const { step: { options: steps } } = RestoreProgressSchema.shape;
  const ofLast = (name: string, help: string, read: (end: RestoreEnd) => number | boolean | null) =>
    gauge<NodeStatus>(name, help, ({ lastRestore }) => lastRestore && read(lastRestore));
  return [
    gaugeOfEach(
      "postdock_restore_step",
      "1 for the step of the restore from a backup that is under way on this node",
      ["step"],
      ({ restore }) => steps.map((step) => ({ labels: { step }, value: restore?.step === step })),
    ),
    gauge(
      "postdock_restore_trouble",
      "1 while the restore of this node does not go on",
      ({ restore }) => restore && restore.trouble !== null,
    ),
    gauge(
      "postdock_restore_copied_bytes",
      "What has been copied of the backup, bytes",
      ({ restore }) => restore && restore.doneBytes,
    ),
    gauge("postdock_restore_total_bytes", "Size of the backup, bytes", ({ restore }) => restore && restore.totalBytes),
    ofLast(
      "postdock_restore_last_undone",
      "1 if the last restore of this node was undone, 0 if the node has led with it",
      (end) => end.undone,
    ),
    ofLast(
      "postdock_restore_last_end_time_seconds",
      "When the last restore of this node ended, seconds since the epoch",
      (end) => end.atMs === 0 ? null : end.atMs / 1000,
    ),
    ofLast(
      "postdock_restore_last_duration_seconds",
      "Time from the order to the end of that restore, seconds",
      (end) => end.tookMs === null ? null : end.tookMs / 1000,
    ),
    gauge(
      "postdock_restore_kept_bytes",
      "Data from before a restore that are kept on this node, bytes",
      ({ kept }) => kept && kept.bytes,
    ),
    gauge(
      "postdock_restore_kept_until_time_seconds",
      "When they are removed at the latest, seconds since the epoch; absent until a base backup from after it is whole",
      ({ kept }) => kept && kept.untilMs && kept.untilMs / 1000,
    ),
  ];
}
