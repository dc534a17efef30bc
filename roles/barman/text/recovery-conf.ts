// PURE: the settings with which PostgreSQL recovers a restored copy beside the cluster.
import { quoteSetting } from "../../../core/postgres/conninfo.ts";
import { formatLsn, parseLsn } from "../../../core/postgres/lsn.ts";
import type { Stop } from "../decide/restore-plan.ts";

/** Settings that say where recovery stops (manual, 19.5.6). */
export function stopSettings(stop: Stop): Record<string, string> {
  switch (stop.at) {
    case "end":
      return {};
    case "backup":
      return { recovery_target: "immediate" };
    case "record":
      return {
        recovery_target_lsn: formatLsn(parseLsn(stop.lsn)),
        recovery_target_inclusive: stop.included ? "on" : "off",
      };
  }
}

/** A standby and a server in recovery refuse to go on with less than the primary had when WAL was written. */
const enough = {
  max_connections: "1000",
  max_worker_processes: "128",
  max_wal_senders: "100",
  max_prepared_transactions: "1000",
  max_locks_per_transaction: "256",
};

/** What the copy of a backup adds to its postgresql.auto.conf: it is reached through a socket in its directory only. */
export function renderCopyConf(
  { directory, backupDir, server, timeline, stop }: {
    directory: string;
    backupDir: string;
    server: string;
    timeline: number;
    stop: Stop;
  },
): string {
  const settings: Record<string, string> = {
    listen_addresses: "",
    port: "5432",
    unix_socket_directories: directory,
    hba_file: `${directory}/restored_hba.conf`,
    ssl: "off",
    cluster_name: "restored",
    shared_buffers: "128MB",
    shared_preload_libraries: "",
    archive_mode: "off",
    primary_conninfo: "",
    primary_slot_name: "",
    synchronous_standby_names: "",
    recovery_end_command: "",
    ...enough,
    restore_command: `/usr/local/bin/postdock barman copy-wal ${backupDir} ${server} %f %p`,
    recovery_target_timeline: String(timeline),
    ...stopSettings(stop),
    recovery_target_action: "promote",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoteSetting(value)}`);
  return ["# Written by postdock barman restore --into", ...lines, ""].join("\n");
}

/** Only the account of this container that owns the files connects to the copy. */
export const copyHba = "# Written by postdock barman restore --into\nlocal all all trust\n";
