// Every variable of the postgres-node role: its public name, its documentation, and the checks across several variables.
import { durabilityProblems } from "./durability.ts";
import { type ConfigOf, type ConfigProblem, env, flag, identifier, integer, MalformedValue, plainText } from "./env.ts";
import { hostName } from "./host-name.ts";
import { nodeMetrics } from "./metrics.ts";
import { nodeIdFromName } from "./node-id.ts";
import { initdbArgs, initdbWalDirectory, walDirectoryProblems } from "./wal-directory.ts";
import { parseHosts, parseSettings, type Setting } from "./list-syntax.ts";
import { absolutePath, path } from "./paths.ts";
import { pgHba } from "./pg-hba.ts";
import { electorateOf, quorumProblems, quorumVariables } from "./quorum.ts";
import { replicationRole, replicationRoleProblems } from "./replication-role.ts";
import { rolePods, rolePodsProblems } from "./role-pods.ts";
import * as shared from "./shared.ts";
import { tlsProblems } from "./tls.ts";

const nodeNameText = (text: string) => {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(text)) throw new MalformedValue("is not a node name");
  return text;
};

/** All variables of the role; shared ones come from shared.ts. */
export const postgresNodeVariables = {
  postgresUser: env("POSTGRES_USER", identifier, {
    fallback: "postgres",
    accepts: "a role name of at most 63 bytes",
    doc: "Application superuser, created when the cluster is bootstrapped.",
  }),
  postgresPassword: env("POSTGRES_PASSWORD", plainText, {
    fallback: "",
    defaultText: "",
    accepts: "text without control characters",
    doc: "Password of POSTGRES_USER. Required to bootstrap the cluster, unless POSTGRES_HOST_AUTH_METHOD is trust. " +
      "The primary sets it again within 10 s where it differs, so change it here and not by alter role.",
    secret: true,
  }),
  postgresDb: env("POSTGRES_DB", identifier, {
    fallback: "",
    defaultText: "POSTGRES_USER",
    accepts: "a database name of at most 63 bytes",
    doc: "Application database, created when the cluster is bootstrapped.",
  }),
  initdbArgs,
  initdbWalDirectory,
  hostAuthMethod: shared.hostAuthMethod,
  pgHba,
  pgdata: env("PGDATA", absolutePath, {
    fallback: "/var/lib/postgresql/data",
    accepts: "an absolute path",
    doc: "Data directory.",
  }),
  ...nodeMetrics,
  clusterName: shared.clusterName,
  replicationDb: shared.replicationDb,
  replicationUser: shared.replicationUser,
  replicationPassword: shared.replicationPassword,
  replicationRole,
  primaryPort: shared.port("REPLICATION_PRIMARY_PORT", 5432, "Port of the upstream named by REPLICATION_PRIMARY_HOST."),
  primaryHost: shared.optionalHost(
    "REPLICATION_PRIMARY_HOST",
    "Upstream to follow. A node may bootstrap the cluster if this is unset or names the node itself.",
  ),
  nodeId: env<number | null>("NODE_ID", integer(1, 2147483647), {
    fallback: null,
    defaultText: "from NODE_NAME",
    accepts: "a whole number, 1 to 2147483647",
    doc: "repmgr node ID. If unset, it is the last number after a dash in NODE_NAME, plus 1000: node-102 gives 1102.",
  }),
  nodeName: env("NODE_NAME", nodeNameText, {
    fallback: "",
    accepts: "letters, digits, _ . and -, at most 63 characters",
    doc: "repmgr node name, unique in the cluster.",
    required: true,
  }),
  networkName: env<string | null>("CLUSTER_NODE_NETWORK_NAME", hostName, {
    fallback: null,
    defaultText: "the container's hostname",
    accepts: "a host name or address",
    doc: "Host name or address at which the other nodes reach this one.",
  }),
  priority: env("NODE_PRIORITY", integer(0, 1_000_000), {
    fallback: 100,
    accepts: "a whole number, 0 to 1000000",
    doc: "Election priority. A node with priority 0 is never promoted automatically.",
  }),
  partners: env<string[]>("PARTNER_NODES", parseHosts, {
    fallback: [],
    defaultText: "",
    accepts: "host names, separated by commas, each once",
    doc: "The nodes of the first level, including this one. They vote, and one of them is the primary.",
  }),
  ...quorumVariables,
  rolePods,
  consistency: shared.consistency,
  barmanSync: env("BARMAN_SYNC", flag, {
    fallback: false,
    defaultText: "0",
    accepts: "0 or 1",
    doc:
      "1: while barman's WAL receiver is connected, a commit waits for it too, so that a restore loses no acknowledged commit.",
    changed: "New.",
  }),
  configs: shared.configs,
  configsDelimiter: shared.configsDelimiter,
  configsAssignment: shared.configsAssignment,
  useSlots: env("USE_REPLICATION_SLOTS", flag, {
    fallback: true,
    defaultText: "1",
    accepts: "0 or 1",
    doc: "1: use replication slots. 0: keep 500 WAL segments (8 GB) for standbys instead.",
  }),
  cleanOverRewind: env("CLEAN_OVER_REWIND", flag, {
    fallback: false,
    defaultText: "0",
    accepts: "0 or 1",
    doc: "1: clone a returning node that has diverged, instead of running pg_rewind.",
  }),
  ...shared.ofEveryRole,
  waitStartSeconds: shared.seconds(
    "REPMGR_WAIT_POSTGRES_START_TIMEOUT",
    90,
    86400,
    "After this long without a start of PostgreSQL that succeeds, the node counts as unhealthy, and /healthz fails. It goes " +
      "on trying, and votes; also the timeout of wait_local_postgres.",
    "The container exited then.",
  ),
  waitUpstreamSeconds: shared.seconds(
    "WAIT_UPSTREAM_TIMEOUT",
    600,
    86400,
    "After this long of waiting for an upstream, a primary or a majority of the voters, the node counts as unhealthy: in " +
      "/status, for doctor and for alerts. It goes on waiting, and votes. /healthz does not fail, since a restart does not help.",
    "1.x declared it but never read it.",
  ),
  degradedSeconds: shared.seconds(
    "REPMGR_DEGRADED_MONITORING_TIMEOUT",
    5,
    86400,
    "How long repmgrd may stay in degraded monitoring before it exits and is restarted.",
  ),
  primaryLockFile: path(
    "MASTER_ROLE_LOCK_FILE_NAME",
    "File that exists while this node is, or most recently was, the primary. For your own scripts.",
    "$PGDATA/master.lock",
  ),
  standbyLockFile: path(
    "STANDBY_ROLE_LOCK_FILE_NAME",
    "File with the upstream's node ID, present while this node does not follow its configured upstream. For your own scripts.",
    "$PGDATA/standby.lock",
  ),
  connectTimeoutSeconds: env("CONNECT_TIMEOUT", integer(1, 3600), {
    fallback: 1,
    accepts: "seconds, 1 to 3600",
    doc: "connect_timeout of repmgr's connections.",
    changed: "Was 2.",
  }),
  reconnectAttempts: env("RECONNECT_ATTEMPTS", integer(1, 1000), {
    fallback: 3,
    accepts: "a whole number, 1 to 1000",
    doc: "How many times repmgrd tries to reach a lost upstream before it acts.",
  }),
  reconnectIntervalSeconds: env("RECONNECT_INTERVAL", integer(1, 3600), {
    fallback: 1,
    accepts: "seconds, 1 to 3600",
    doc: "Pause between the attempts counted by RECONNECT_ATTEMPTS.",
    changed: "Was 5.",
  }),
  primaryResponseSeconds: env("MASTER_RESPONSE_TIMEOUT", integer(1, 3600), {
    fallback: 20,
    accepts: "seconds, 1 to 3600",
    doc: "repmgrd's async_query_timeout.",
  }),
  checkTimeoutSeconds: shared.checkTimeout,
  stoppingSeconds: shared.seconds(
    "STOPPING_TIMEOUT",
    5,
    3600,
    "How long a fast shutdown may take before it becomes an immediate one. Docker sends KILL 10 s after TERM unless stop_grace_period is set.",
    "TERM is a fast shutdown from the start. It used to be a smart one first, and sessions left open by a smart shutdown " +
      "lose their commits in a failover.",
  ),
  restoreKeepDays: env("RESTORE_KEEP_DAYS", integer(0, 3650), {
    fallback: 7,
    accepts: "days, 0 to 3650",
    doc:
      "How long the data from before a restore are kept, at most. They never go before a base backup from after it is whole.",
    changed: "New.",
  }),
  oldestDataSeconds: shared.seconds(
    "FAILOVER_MAX_DATA_AGE",
    60,
    31_536_000,
    "A standby that was cut off from its primary for longer, and knows that it lacks WAL, is not promoted automatically; " +
      "`postdock cluster failover --force` promotes it. 0: it is, however old its data are. CONSISTENCY=strict asks for a " +
      "proof instead.",
    "New.",
  ),
  recoveryCheckSeconds: env("LAUNCH_RECOVERY_CHECK_INTERVAL", integer(1, 86400), {
    fallback: 30,
    accepts: "seconds, 1 to 86400",
    doc: "Interval between log lines about a recovery or clone in progress.",
  }),
};

/** The role's configuration: its variables, and the values derived from several of them. */
export interface NodeConfig extends ConfigOf<typeof postgresNodeVariables> {
  id: number;
  name: string;
  host: string;
  database: string;
  settings: Setting[];
  /** REPLICATION_PRIMARY_HOST; null if it is unset or names this node */
  upstreamHost: string | null;
  /** PARTNER_NODES without this node */
  otherPartners: string[];
  /** The voters: PARTNER_NODES and QUORUM_OBSERVERS */
  electorate: string[];
  masterLockPath: string;
  standbyLockPath: string;
}

/** Derives the rest of the configuration, or returns the problems between variables. */
export function completeNodeConfig(
  config: ConfigOf<typeof postgresNodeVariables>,
  hostname: string,
): { ok: true; config: NodeConfig } | { ok: false; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const id = config.nodeId ?? nodeIdFromName(config.nodeName);
  if (id === null) {
    problems.push({
      variable: "NODE_ID",
      message: `NODE_ID is not set, and NODE_NAME ${JSON.stringify(config.nodeName)} has no number after a dash`,
      fix: "set NODE_ID, or end NODE_NAME with a dash and a number, for example node-102",
    });
  }
  const settings = tryParse(
    problems,
    "CONFIGS",
    config.configs,
    () => parseSettings(config.configs, config.configsDelimiter, config.configsAssignment),
  );
  const host = config.networkName ?? hostname;
  if (config.partners.length > 0 && !config.partners.includes(host)) {
    problems.push({
      variable: "PARTNER_NODES",
      message: `PARTNER_NODES (${config.partners.join(",")}) does not include this node, ${JSON.stringify(host)}`,
      fix:
        `add ${host} to PARTNER_NODES on every node listed in it, or set CLUSTER_NODE_NETWORK_NAME to the name used there`,
    });
  }
  problems.push(...walDirectoryProblems(config.initdbWalDirectory));
  problems.push(...quorumProblems(config, config.partners), ...durabilityProblems(config, settings));
  problems.push(...tlsProblems(config, settings), ...replicationRoleProblems(config));
  problems.push(...rolePodsProblems(config.rolePods, host));
  if (problems.length > 0 || id === null) return { ok: false, problems };
  return {
    ok: true,
    config: {
      ...config,
      id,
      name: config.nodeName,
      host,
      database: config.postgresDb || config.postgresUser,
      settings,
      upstreamHost: config.primaryHost === host ? null : config.primaryHost,
      otherPartners: config.partners.filter((p) => p !== host),
      electorate: electorateOf(config.partners, config.observers),
      masterLockPath: config.primaryLockFile ?? `${config.pgdata}/master.lock`,
      standbyLockPath: config.standbyLockFile ?? `${config.pgdata}/standby.lock`,
    },
  };
}

function tryParse(problems: ConfigProblem[], variable: string, text: string, parse: () => Setting[]): Setting[] {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof MalformedValue)) throw error;
    problems.push({
      variable,
      message: `${variable}: ${JSON.stringify(text)} ${error.message}`,
      fix: "write name:value[,name:value], using CONFIGS_ASSIGNMENT_SYMBOL for : and CONFIGS_DELIMITER_SYMBOL for ,; " +
        "quote a value that contains the delimiter",
    });
    return [];
  }
}
