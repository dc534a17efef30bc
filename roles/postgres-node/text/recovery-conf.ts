// PURE: the settings of a recovery from a backup, until the node leads again.
import { quoteSetting } from "../../../core/postgres/conninfo.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";

/** Settings of which a server in recovery needs at least what the primary had, by their names in pg_controldata. */
const atLeast = {
  max_connections: "max_connections setting",
  max_worker_processes: "max_worker_processes setting",
  max_wal_senders: "max_wal_senders setting",
  max_prepared_transactions: "max_prepared_xacts setting",
  max_locks_per_transaction: "max_locks_per_xact setting",
} as const;

/** PostgreSQL's own defaults (manual, 19). */
const defaults: Readonly<Record<keyof typeof atLeast, number>> = {
  max_connections: 100,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
};

/** What is added to postgresql.conf of this node, `conf`, for the recovery of a backup with this control data. */
export function renderRecovery(
  order: Pick<RestoreOrder, "stop" | "timeline">,
  controlData: string,
  conf: string,
): string {
  const settings = { ...raisedSettings(controlData, conf), ...recoverySettings(order) };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoteSetting(value)}`);
  return [conf.trimEnd(), "# For the recovery of a backup only:", ...lines, ""].join("\n");
}

/** Where recovery reads WAL, and where it stops and waits (manual, 19.5.5 and 19.5.6). */
function recoverySettings({ stop, timeline }: Pick<RestoreOrder, "stop" | "timeline">): Record<string, string> {
  return {
    restore_command: "/usr/local/bin/postdock postgres-node fetch-wal %f %p",
    recovery_target_timeline: String(timeline),
    recovery_target_action: "pause",
    ...(stop.at === "backup" ? { recovery_target: "immediate" } : {}),
    ...(stop.at === "record"
      ? { recovery_target_lsn: stop.lsn, recovery_target_inclusive: stop.included ? "on" : "off" }
      : {}),
  };
}

/** The settings of this node that are too low for the backup, with what the primary had. */
function raisedSettings(controlData: string, conf: string): Record<string, string> {
  const names = Object.keys(atLeast) as (keyof typeof atLeast)[];
  return Object.fromEntries(names.flatMap((name) => {
    const had = Number(new RegExp(`^${atLeast[name]}:\\s+(\\d+)$`, "m").exec(controlData)?.[1] ?? 0);
    const own = Number(new RegExp(`^${name} = '(\\d+)'$`, "m").exec(conf)?.[1] ?? defaults[name]);
    return had > own ? [[name, String(had)] as const] : [];
  }));
}
