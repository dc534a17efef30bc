// PURE: what a node knows, under the names and labels that Patroni 4.1 gives it, for dashboards and alerts of people who come from
// there (https://patroni.readthedocs.io/en/latest/rest_api.html#monitoring-endpoint). Only where an equal exists.
import { parseLsn } from "../../../core/postgres/lsn.ts";
import type { NodeStatus } from "../../../core/protocol/status.ts";
import { type Family, familyOf } from "../../../core/words/family.ts";

/** METRICS_PATRONI=0 leaves these out. */
export function patroniFamilies({ cluster, lease, node, paused, postgres }: NodeStatus): Family[] {
  const labels = { scope: cluster, name: node.name };
  const family = (type: Family["type"], name: string, help: string, value: number | boolean | null) =>
    familyOf(`patroni_${name}`, type, help, value, labels);
  const { lsn, replayLsn, replayPaused, role, running, timeline, upstream } = postgres;
  const known = role !== "unknown";
  const primary = role === "primary" && (lease.held || lease.mode !== "on");
  const standby = role === "standby";
  /** a position where the node has that role; 0 where it has another */
  const place = (has: boolean, at: string | null) =>
    !known ? null : !has ? 0 : at === null ? null : Number(parseLsn(at));
  return [
    family("gauge", "postgres_running", "1 while PostgreSQL answers", running),
    family("gauge", "primary", "1 on the primary, if it may lead", known ? primary : null),
    family("gauge", "replica", "1 on a standby", known ? standby : null),
    family("counter", "xlog_location", "Primary: end of its WAL, as bytes since 0/0", place(role === "primary", lsn)),
    family("counter", "xlog_received_location", "Standby: end of its WAL, as bytes since 0/0", place(standby, lsn)),
    family(
      "counter",
      "xlog_replayed_location",
      "Standby: what it has replayed, as bytes since 0/0",
      place(standby, replayLsn),
    ),
    family("gauge", "xlog_paused", "1 on a standby whose replay is paused", known ? standby && replayPaused : null),
    family(
      "gauge",
      "postgres_streaming",
      "1 on a standby that streams",
      known ? standby && upstream?.streaming === true : null,
    ),
    family("counter", "postgres_timeline", "Timeline of the server", timeline),
    family(
      "gauge",
      "cluster_unlocked",
      "1 while this node knows no holder of the lease",
      lease.mode === "on" ? !lease.held && lease.grantedTo === null : null,
    ),
    family("gauge", "is_paused", "1 while automatic failover is paused", paused.on),
  ];
}
