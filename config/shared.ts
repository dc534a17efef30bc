// Variables that more than one role reads, under their public names.
import { env, flag, hostName, identifier, integer, MalformedValue, oneOf, plainText } from "./env.ts";

export const sshEnable = env("SSH_ENABLE", flag, {
  fallback: false,
  defaultText: "0",
  accepts: "0 or 1",
  doc: "Run sshd for the postgres user with the keys mounted at /tmp/.ssh/keys (id_rsa, id_rsa.pub).",
  changed: "Keys only, no root login; missing keys are an error.",
});

const logWords = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"] as const;

export const logLevel = env<typeof logWords[number]>("LOG_LEVEL", oneOf(logWords), {
  fallback: "INFO",
  accepts: "DEBUG, INFO, NOTICE, WARNING or ERROR",
  doc: "Least important log line that is printed; also repmgrd's log level.",
  changed: "Also the level of PostDock's own log, which is one JSON object a line.",
});

export const configs = env("CONFIGS", (text) => text, {
  fallback: "",
  accepts: "name:value[,name:value]; a value may be in quotes",
  doc: "Settings of the main configuration file, cut by CONFIGS_DELIMITER_SYMBOL and CONFIGS_ASSIGNMENT_SYMBOL.",
  changed: "A name or a value that the server does not know stops the container before anything is touched. " +
    "Settings of older versions are translated, with a warning.",
});

const modes = ["eventual", "partially-strict", "strict"] as const;

export const consistency = env<typeof modes[number]>("CONSISTENCY", oneOf(modes), {
  fallback: "eventual",
  accepts: "eventual, partially-strict or strict",
  doc:
    "What a client may rely on, the same on nodes and pgpool. eventual: asynchronous, a failover may lose the last moments, " +
    "reads anywhere. partially-strict: a commit is on one standby as well while there is one; who has written reads the " +
    "primary. strict: a commit is on every majority that could elect a primary and never lost; reads from the primary.",
  changed: "New.",
});

const symbol = (text: string) => {
  if (/[A-Za-z0-9_'"\s]/.test(text)) throw new MalformedValue("holds a letter, a digit, a quote, _ or white space");
  return text;
};

export const configsDelimiter = env("CONFIGS_DELIMITER_SYMBOL", symbol, {
  fallback: ",",
  accepts: "one or more symbols other than letters, digits, quotes, _ and white space",
  doc: "Cuts CONFIGS into entries.",
});

export const configsAssignment = env("CONFIGS_ASSIGNMENT_SYMBOL", symbol, {
  fallback: ":",
  accepts: "one or more symbols other than letters, digits, quotes, _ and white space",
  doc: "Cuts an entry of CONFIGS into name and value.",
});

export const clusterName = env("CLUSTER_NAME", plainText, {
  fallback: "pg_cluster",
  accepts: "a name",
  doc: "Name of the cluster.",
});

/** repmgr joins its connection strings without quotes, and barman has no escape for %. */
const plainName = (text: string) => {
  if (/[\s'\\=%]/.test(text)) {
    throw new MalformedValue("holds white space, ', \\, = or %, which repmgr or barman cannot connect with");
  }
  return identifier(text);
};

export const replicationUser = env("REPLICATION_USER", plainName, {
  fallback: "replication_user",
  accepts: "a role name of at most 63 bytes, without white space, ', \\, = and %",
  doc: "Role of replication and of repmgr.",
});

export const replicationPassword = env("REPLICATION_PASSWORD", plainText, {
  fallback: "replication_pass",
  accepts: "text without control characters",
  doc: "Its password.",
  secret: true,
});

export const replicationDb = env("REPLICATION_DB", plainName, {
  fallback: "replication_db",
  accepts: "a database name of at most 63 bytes, without white space, ', \\, = and %",
  doc: "Database that holds repmgr's tables.",
});

/** A TCP port variable with its default. */
export const port = (name: string, fallback: number, doc: string) =>
  env(name, integer(1, 65535), { fallback, accepts: "a port, 1 to 65535", doc });

/** A duration in seconds with its default and largest value; `changed` tells what is different from 1.x. */
export const seconds = (name: string, fallback: number, max: number, doc: string, changed?: string) =>
  env(name, integer(0, max), {
    fallback,
    accepts: `seconds, 0 to ${max}`,
    doc,
    ...(changed === undefined ? {} : { changed }),
  });

/** A host that may be left out. */
export const optionalHost = (name: string, doc: string) =>
  env<string | null>(name, hostName, { fallback: null, accepts: "a host name or address", doc });

export const checkTimeout = env("CHECK_PGCONNECT_TIMEOUT", integer(1, 3600), {
  fallback: 10,
  accepts: "seconds, 1 to 3600",
  doc: "Longest time a probe of the command line takes; s.",
});
