// PURE repmgr.conf, and the names that follow from a node's id.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { programsOf } from "../../../config/postgres-features.ts";
import { quoteSetting, renderConninfo, type Way } from "../../../core/postgres/conninfo.ts";

export const repmgrConfPath = "/etc/repmgr.conf";
export const passfilePath = "/var/lib/postgresql/.pgpass";

const executable = "/usr/local/bin/postdock";

/** The slot a standby streams from, on its upstream; repmgr uses the same name. */
export function slotName(nodeId: number): string {
  return `repmgr_slot_${nodeId}`;
}

/** Whether a slot of this name is one of a node. */
export const isNodeSlot = (slot: string): boolean => /^repmgr_slot_\d+$/.test(slot);

/** How repmgr and the nodes connect to a node; the password comes from the passfile. */
export function nodeConninfo(config: NodeConfig, host: string, port: number): string {
  return renderConninfo({
    host,
    port,
    user: config.replicationUser,
    dbname: config.replicationDb,
    connect_timeout: config.connectTimeoutSeconds,
    passfile: passfilePath,
  }, config);
}

/**
 * primary_conninfo of a standby. An upstream that dies while it takes the connection may never answer, and PostgreSQL's WAL
 * receiver has no connect_timeout (libpq ignores it in PQconnectPoll): without keepalives it would wait for two hours.
 */
export function primaryConninfo(config: NodeConfig, upstream: Way & { port: number }): string {
  return renderConninfo({
    host: upstream.host,
    ...upstream.hostaddr === undefined ? {} : { hostaddr: upstream.hostaddr },
    port: upstream.port,
    user: config.replicationUser,
    dbname: config.replicationDb, // streaming ignores it; the copies of logical slots need it (sync_replication_slots)
    application_name: config.name,
    connect_timeout: Math.max(2, config.connectTimeoutSeconds),
    passfile: passfilePath,
    keepalives_idle: 5,
    keepalives_interval: 2,
    keepalives_count: 3,
    tcp_user_timeout: 10_000,
  }, config);
}

/** The whole repmgr.conf. */
export function renderRepmgrConf(config: NodeConfig): string {
  const settings: Record<string, string | number> = {
    node_id: config.id,
    node_name: config.name,
    conninfo: nodeConninfo(config, config.host, 5432),
    data_directory: config.pgdata,
    replication_user: config.replicationUser,
    replication_type: "physical",
    use_replication_slots: config.useSlots ? "yes" : "no",
    passfile: passfilePath,
    pg_bindir: `${programsOf(config.imageVersions)}/bin`,
    log_level: config.logLevel,
    failover: "automatic",
    priority: config.priority,
    monitor_interval_secs: 1,
    connection_check_type: "ping",
    reconnect_attempts: config.reconnectAttempts,
    reconnect_interval: config.reconnectIntervalSeconds,
    async_query_timeout: config.primaryResponseSeconds,
    degraded_monitoring_timeout: config.degradedSeconds,
    primary_notification_timeout: 10,
    primary_follow_timeout: 10,
    repmgrd_standby_startup_timeout: 10,
    standby_reconnect_timeout: 15,
    node_rejoin_timeout: 15,
    election_rerun_interval: 2,
    failover_validation_command: `${executable} postgres-node may-promote`,
    promote_command: `/usr/bin/repmgr standby promote -f ${repmgrConfPath} --log-to-file`,
    follow_command: `/usr/bin/repmgr standby follow -f ${repmgrConfPath} --log-to-file --upstream-node-id=%n`,
    event_notification_command: `${executable} postgres-node event %n %e %s "%t" "%d"`,
    ssh_options: "-q -o BatchMode=yes -o ConnectTimeout=5",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${quoteSetting(String(value))}`);
  return ["# Rendered by PostDock at every start; edits are lost.", ...lines, ""].join("\n");
}
