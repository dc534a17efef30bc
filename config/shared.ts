// Variables that more than one role reads, under their public names.
import { env, flag, identifier, integer, MalformedValue, oneOf, plainText } from "./env.ts";
import { defaultHttpPort } from "./http-port.ts";
import { eventVariables } from "./events.ts";
import { imageVersions } from "./image-versions.ts";
import { metricsAccess } from "./metrics.ts";
import { hostName } from "./host-name.ts";
import { tlsVariables } from "./tls.ts";

export const sshEnable = env("SSH_ENABLE", flag, {
  fallback: false,
  defaultText: "0",
  accepts: "0 or 1",
  doc: "1: run sshd for the postgres user, with the key pair mounted at /tmp/.ssh/keys (id_rsa and id_rsa.pub). " +
    "`postdock barman restore --ssh` needs it on barman and on the restored node. Also mounted there, ssh_host_ed25519_key is " +
    "the key of all hosts, or known_hosts names theirs or their authority; without either, ssh checks no host.",
  changed: "Only keys are accepted, root cannot log in, and missing keys are an error.",
});

const logWords = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"] as const;

export const logLevel = env<typeof logWords[number]>("LOG_LEVEL", oneOf(logWords), {
  fallback: "INFO",
  accepts: "DEBUG, INFO, NOTICE, WARNING or ERROR",
  doc: "Lowest severity that is logged; also repmgrd's log level.",
  changed: "Also applies to PostDock's own log, which is one JSON object per line.",
});

const logFormats = ["json", "text"] as const;
export type LogFormat = typeof logFormats[number];

export const logFormat = env<LogFormat>("LOG_FORMAT", oneOf(logFormats), {
  fallback: "json",
  accepts: "json or text",
  doc: "The log as one JSON object per line, or as lines for people: time, level, event, then key=value.",
  changed: "New.",
});

export const configs = env("CONFIGS", (text) => text, {
  fallback: "",
  accepts: "name:value[,name:value]; a value may be quoted",
  doc:
    "Settings for the main configuration file. CONFIGS_DELIMITER_SYMBOL and CONFIGS_ASSIGNMENT_SYMBOL change the separators.",
  changed: "A setting or value that the server does not know stops the container before anything is touched. " +
    "Settings of older versions are translated with a warning.",
});

const modes = ["eventual", "partially-strict", "strict"] as const;

export const consistency = env<typeof modes[number]>("CONSISTENCY", oneOf(modes), {
  fallback: "eventual",
  accepts: "eventual, partially-strict or strict",
  doc:
    "What a client may rely on; set the same value on all nodes and on pgpool. eventual: replication is asynchronous, a " +
    "failover may lose the last moments, and reads go to any node. partially-strict: a commit is also on one standby while a " +
    "standby is streaming; a session that has written reads from the primary. strict: a commit is on every majority that " +
    "could elect a primary, so it is never lost; reads go to the primary. Settings in CONFIGS that would break the " +
    "promise are refused, for example synchronous_commit:off; a session that lowers it itself gives the promise up.",
  changed: "New.",
});

const symbol = (text: string) => {
  if (/[A-Za-z0-9_'"\s]/.test(text)) throw new MalformedValue("contains a letter, a digit, a quote, _ or white space");
  return text;
};

export const configsDelimiter = env("CONFIGS_DELIMITER_SYMBOL", symbol, {
  fallback: ",",
  accepts: "one or more symbols other than letters, digits, quotes, _ and white space",
  doc: "Separates the entries of CONFIGS.",
});

export const configsAssignment = env("CONFIGS_ASSIGNMENT_SYMBOL", symbol, {
  fallback: ":",
  accepts: "one or more symbols other than letters, digits, quotes, _ and white space",
  doc: "Separates the name from the value in an entry of CONFIGS.",
});

export const clusterName = env("CLUSTER_NAME", plainText, {
  fallback: "pg_cluster",
  accepts: "a name",
  doc: "Name of the cluster.",
});

/** repmgr does not quote values in its connection strings, and barman cannot escape %. */
const plainName = (text: string) => {
  if (/[\s'\\=%]/.test(text)) {
    throw new MalformedValue("contains white space, ', \\, = or %, with which repmgr or barman cannot connect");
  }
  return identifier(text);
};

export const replicationUser = env("REPLICATION_USER", plainName, {
  fallback: "replication_user",
  accepts: "a role name of at most 63 bytes, without white space, ', \\, = or %",
  doc: "Role used for replication and by repmgr.",
});

export const replicationPassword = env("REPLICATION_PASSWORD", plainText, {
  fallback: "replication_pass",
  accepts: "text without control characters",
  doc: "Password of REPLICATION_USER. CLUSTER_KEY defaults to a key derived from it.",
  secret: true,
});

export const replicationDb = env("REPLICATION_DB", plainName, {
  fallback: "replication_db",
  accepts: "a database name of at most 63 bytes, without white space, ', \\, = or %",
  doc: "Database that contains repmgr's tables.",
});

const authMethods = ["scram-sha-256", "md5", "password", "trust", "reject", "cert"] as const;
export type HostAuthMethod = typeof authMethods[number];

export const hostAuthMethod = env<HostAuthMethod>("POSTGRES_HOST_AUTH_METHOD", oneOf(authMethods), {
  fallback: "scram-sha-256",
  accepts: "scram-sha-256, md5, password, trust, reject or cert",
  doc:
    "Authentication method of the `host all all all` line in pg_hba.conf, written at bootstrap. With reject and cert, " +
    "REPLICATION_USER and POSTGRES_USER log in by password all the same. cert needs TLS, or ssl:on, ssl_cert_file, ssl_key_file " +
    "and ssl_ca_file in CONFIGS. Containers prove their passwords by SCRAM, and show them to no server that asks otherwise: with " +
    "md5, password and trust this is relaxed, in every container that has the variable.",
  changed: "New, as in the official postgres image.",
});

/** A TCP port variable with its default. */
export const port = (name: string, fallback: number, doc: string) =>
  env(name, integer(1, 65535), { fallback, accepts: "a port, 1 to 65535", doc });

export const httpPort = port(
  "POSTDOCK_PORT",
  defaultHttpPort,
  "Port of HTTP: probes, metrics, and what the containers say to each other. Set the same on all containers of a cluster.",
);

/** What every role reads. */
export const ofEveryRole = {
  imageVersions,
  httpPort,
  sshEnable,
  logLevel,
  logFormat,
  ...metricsAccess,
  ...eventVariables,
  ...tlsVariables,
};

/** A duration in seconds with its default and maximum; `changed` says what differs from 1.x. */
export const seconds = (name: string, fallback: number, max: number, doc: string, changed?: string) =>
  env(name, integer(0, max), {
    fallback,
    accepts: `seconds, 0 to ${max}`,
    doc,
    ...(changed === undefined ? {} : { changed }),
  });

/** A host that may be unset. */
export const optionalHost = (name: string, doc: string) =>
  env<string | null>(name, hostName, { fallback: null, accepts: "a host name or address", doc });

export const checkTimeout = env("CHECK_PGCONNECT_TIMEOUT", integer(1, 3600), {
  fallback: 10,
  accepts: "seconds, 1 to 3600",
  doc: "Timeout of the `postdock healthcheck` probes.",
});
