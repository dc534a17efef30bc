// Every variable of the postgres-node role, under its public name, with its documentation,
// and the checks that need more than one of them.
import {
  type ConfigOf,
  type ConfigProblem,
  env,
  flag,
  hostName,
  identifier,
  integer,
  MalformedValue,
  oneOf,
  plainText,
} from "./env.ts";
import { parseHosts, parseSettings, type Setting } from "./list-syntax.ts";
import { electorateOf, quorumProblems, quorumVariables } from "./quorum.ts";
import * as shared from "./shared.ts";

const nodeNameText = (text: string) => {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(text)) throw new MalformedValue("is not a node name");
  return text;
};

const absolutePath = (text: string) => {
  plainText(text);
  const path = text.replace(/\/+$/, "");
  if (!path.startsWith("/")) throw new MalformedValue("is not an absolute path below /");
  return path;
};

const path = (name: string, doc: string, defaultText: string) =>
  env<string | null>(name, absolutePath, {
    fallback: null,
    defaultText,
    accepts: "an absolute path",
    doc,
    changed: "Decides nothing any more.",
  });

/** All variables of the role; shared ones come from shared.ts. */
export const postgresNodeVariables = {
  postgresUser: env("POSTGRES_USER", identifier, {
    fallback: "postgres",
    accepts: "a role name of at most 63 bytes",
    doc: "Application superuser, made when a cluster is bootstrapped.",
  }),
  postgresPassword: env("POSTGRES_PASSWORD", plainText, {
    fallback: "",
    defaultText: "",
    accepts: "text without control characters",
    doc: "Its password. Needed where a cluster is bootstrapped, unless POSTGRES_HOST_AUTH_METHOD is trust.",
    secret: true,
  }),
  postgresDb: env("POSTGRES_DB", identifier, {
    fallback: "",
    defaultText: "POSTGRES_USER",
    accepts: "a database name of at most 63 bytes",
    doc: "Application database, made when a cluster is bootstrapped.",
  }),
  initdbArgs: env("POSTGRES_INITDB_ARGS", plainText, {
    fallback: "",
    accepts: "arguments of initdb, separated by spaces",
    doc: "Further arguments of initdb.",
  }),
  hostAuthMethod: env(
    "POSTGRES_HOST_AUTH_METHOD",
    oneOf(["scram-sha-256", "md5", "password", "trust", "reject", "cert"]),
    {
      fallback: "scram-sha-256",
      accepts: "scram-sha-256, md5, password, trust, reject or cert",
      doc: "Method of the `host all all all` line of pg_hba.conf, written at bootstrap.",
      changed: "New, as in the official postgres image.",
    },
  ),
  pgdata: env("PGDATA", absolutePath, {
    fallback: "/var/lib/postgresql/data",
    accepts: "an absolute path",
    doc: "Data directory.",
  }),
  clusterName: shared.clusterName,
  replicationDb: shared.replicationDb,
  replicationUser: shared.replicationUser,
  replicationPassword: shared.replicationPassword,
  primaryPort: shared.port("REPLICATION_PRIMARY_PORT", 5432, "Port of the upstream named by REPLICATION_PRIMARY_HOST."),
  primaryHost: shared.optionalHost(
    "REPLICATION_PRIMARY_HOST",
    "Upstream to follow. Unset, or naming the node itself: this node may bootstrap the cluster.",
  ),
  nodeId: env<number | null>("NODE_ID", integer(1, 2147483647), {
    fallback: null,
    defaultText: "from NODE_NAME",
    accepts: "a whole number, 1 to 2147483647",
    doc:
      "Id of the node in repmgr. Unset: the last dash-separated number of NODE_NAME plus 1000 (node-102 gives 1102).",
  }),
  nodeName: env("NODE_NAME", nodeNameText, {
    fallback: "",
    accepts: "letters, digits, _ . and -, at most 63 characters",
    doc: "Name of the node in repmgr, unique in the cluster.",
    required: true,
  }),
  networkName: env<string | null>("CLUSTER_NODE_NETWORK_NAME", hostName, {
    fallback: null,
    defaultText: "the container's hostname",
    accepts: "a host name or address",
    doc: "How other nodes reach this one.",
  }),
  priority: env("NODE_PRIORITY", integer(0, 1_000_000), {
    fallback: 100,
    accepts: "a whole number, 0 to 1000000",
    doc: "Election priority; 0: never promoted.",
  }),
  partners: env<string[]>("PARTNER_NODES", parseHosts, {
    fallback: [],
    defaultText: "",
    accepts: "host names, separated by commas, each once",
    doc: "The nodes of the first level, this one included: they decide together who is primary (adaptive mode).",
  }),
  ...quorumVariables,
  consistency: shared.consistency,
  barmanSync: env("BARMAN_SYNC", flag, {
    fallback: false,
    defaultText: "0",
    accepts: "0 or 1",
    doc:
      "1: a commit waits for barman's WAL receiver too, while it receives: backups lose nothing that was acknowledged.",
    changed: "New.",
  }),
  configs: shared.configs,
  configsDelimiter: shared.configsDelimiter,
  configsAssignment: shared.configsAssignment,
  useSlots: env("USE_REPLICATION_SLOTS", flag, {
    fallback: true,
    defaultText: "1",
    accepts: "0 or 1",
    doc: "Replicate with slots; 0: keep 500 segments of WAL for standbys instead.",
  }),
  cleanOverRewind: env("CLEAN_OVER_REWIND", flag, {
    fallback: false,
    defaultText: "0",
    accepts: "0 or 1",
    doc: "1: clone instead of pg_rewind when a former primary comes back.",
  }),
  sshEnable: shared.sshEnable,
  logLevel: shared.logLevel,
  waitStartSeconds: shared.seconds(
    "REPMGR_WAIT_POSTGRES_START_TIMEOUT",
    90,
    86400,
    "How long a PostgreSQL that cannot start is retried before the container ends, and how long wait_local_postgres waits; s.",
  ),
  waitUpstreamSeconds: shared.seconds(
    "WAIT_UPSTREAM_TIMEOUT",
    600,
    86400,
    "How long a node waits for an upstream, a primary or a majority of its partners before its container ends; s.",
    "Was declared and never read.",
  ),
  degradedSeconds: shared.seconds(
    "REPMGR_DEGRADED_MONITORING_TIMEOUT",
    5,
    86400,
    "How long repmgrd stays in degraded monitoring before it is restarted; s.",
  ),
  primaryLockFile: path(
    "MASTER_ROLE_LOCK_FILE_NAME",
    "Exists while this node is, or last was, the primary. For people's scripts.",
    "$PGDATA/master.lock",
  ),
  standbyLockFile: path(
    "STANDBY_ROLE_LOCK_FILE_NAME",
    "Holds the upstream's node id while this node follows another than its configured upstream. For people's scripts.",
    "$PGDATA/standby.lock",
  ),
  connectTimeoutSeconds: env("CONNECT_TIMEOUT", integer(1, 3600), {
    fallback: 1,
    accepts: "seconds, 1 to 3600",
    doc: "connect_timeout of repmgr's connections; s.",
    changed: "Was 2.",
  }),
  reconnectAttempts: env("RECONNECT_ATTEMPTS", integer(1, 1000), {
    fallback: 3,
    accepts: "a whole number, 1 to 1000",
    doc: "How often repmgrd tries to reach a lost upstream before it acts.",
  }),
  reconnectIntervalSeconds: env("RECONNECT_INTERVAL", integer(1, 3600), {
    fallback: 1,
    accepts: "seconds, 1 to 3600",
    doc: "Pause between these tries; s.",
    changed: "Was 5.",
  }),
  primaryResponseSeconds: env("MASTER_RESPONSE_TIMEOUT", integer(1, 3600), {
    fallback: 20,
    accepts: "seconds, 1 to 3600",
    doc: "async_query_timeout of repmgrd; s.",
  }),
  checkTimeoutSeconds: shared.checkTimeout,
  stoppingSeconds: shared.seconds(
    "STOPPING_TIMEOUT",
    5,
    3600,
    "A fast shutdown that takes longer becomes an immediate one; s. Docker kills 10 s after TERM unless stop_grace_period says otherwise.",
    "TERM was a smart shutdown that became a fast one; it is fast from the beginning, since open sessions of a smart one lose their commits in a failover.",
  ),
  recoveryCheckSeconds: env("LAUNCH_RECOVERY_CHECK_INTERVAL", integer(1, 86400), {
    fallback: 30,
    accepts: "seconds, 1 to 86400",
    doc: "Pause between log lines that report a recovery or a clone in progress; s.",
  }),
};

/** What the role works with: the variables and what follows from several of them. */
export interface NodeConfig extends ConfigOf<typeof postgresNodeVariables> {
  id: number;
  name: string;
  host: string;
  database: string;
  settings: Setting[];
  /** REPLICATION_PRIMARY_HOST, unless it names this node or is unset */
  upstreamHost: string | null;
  /** PARTNER_NODES without this node */
  otherPartners: string[];
  /** PARTNER_NODES and QUORUM_OBSERVERS: who votes about the lease */
  electorate: string[];
  masterLockPath: string;
  standbyLockPath: string;
}

/** NODE_ID from NODE_NAME: the last dash-separated number plus 1000; null where there is none. */
export function nodeIdFromName(nodeName: string): number | null {
  const digits = nodeName.split("-").slice(1).findLast((part) => /^\d{1,6}$/.test(part));
  return digits === undefined ? null : Number(digits) + 1000;
}

/** Completes the parsed variables, or returns what is wrong with them together. */
export function completeNodeConfig(
  config: ConfigOf<typeof postgresNodeVariables>,
  hostname: string,
): { ok: true; config: NodeConfig } | { ok: false; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const id = config.nodeId ?? nodeIdFromName(config.nodeName);
  if (id === null) {
    problems.push({
      variable: "NODE_ID",
      message: `NODE_ID is not set and NODE_NAME ${JSON.stringify(config.nodeName)} has no number after a dash`,
      fix: "set NODE_ID, or name the node as in node-102",
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
      message: `PARTNER_NODES (${config.partners.join(",")}) does not name this node, ${JSON.stringify(host)}`,
      fix: `add ${host} to PARTNER_NODES of all its nodes, or set CLUSTER_NODE_NETWORK_NAME to the name used there`,
    });
  }
  problems.push(...quorumProblems(config, config.partners));
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
      fix:
        `write name:value[,name:value] with the symbols of CONFIGS_ASSIGNMENT_SYMBOL and CONFIGS_DELIMITER_SYMBOL; ` +
        "put a value that holds the delimiter in quotes",
    });
    return [];
  }
}
