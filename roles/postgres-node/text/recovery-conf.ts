// PURE: the settings of a recovery from a backup, until the node leads again.
import { quoteSetting } from "../../../core/postgres/conninfo.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";

/** `conf`, the postgresql.conf of this node, with what is added for the recovery of a backup. */
export function renderRecovery(order: Pick<RestoreOrder, "stop" | "timeline">, conf: string): string {
  const lines = Object.entries(recoverySettings(order)).map(([name, value]) => `${name} = ${quoteSetting(value)}`);
  return [conf.trimEnd(), "# For the recovery of a backup only:", ...lines, ""].join("\n");
}

/** Settings that an operator may have set by ALTER SYSTEM, and that would lead the recovery astray. */
export const onlyForRecovery = ["restore_command", "recovery_min_apply_delay"] as const;

/** Where recovery reads WAL, and where it stops and waits (manual, 19.5.5 and 19.5.6). */
function recoverySettings({ stop, timeline }: Pick<RestoreOrder, "stop" | "timeline">): Record<string, string> {
  return {
    restore_command: "/usr/local/bin/postdock postgres-node fetch-wal %f %p",
    recovery_target_timeline: String(timeline),
    recovery_target_action: "pause",
    recovery_min_apply_delay: "0",
    ...(stop.at === "backup" ? { recovery_target: "immediate" } : {}),
    ...(stop.at === "record"
      ? { recovery_target_lsn: stop.lsn, recovery_target_inclusive: stop.included ? "on" : "off" }
      : {}),
  };
}
