// Every variable of the barman role, under its public name, with its documentation,
// and the checks that need more than one of them.
import { cronExpression } from "./cron.ts";
import { type ConfigOf, type ConfigProblem, env, identifier, integer, MalformedValue, plainText } from "./env.ts";
import { parseHosts } from "./list-syntax.ts";
import { observerProblems, observerVariables } from "./quorum.ts";
import * as shared from "./shared.ts";

const required = (exitCode: number) => ({ required: true, requiredExitCode: exitCode });

const oneHostOrMore = (text: string) => {
  const hosts = parseHosts(text);
  if (hosts.length === 0) throw new MalformedValue("names no host");
  return hosts;
};

/** barman cuts its connection strings at spaces, and Python's ConfigParser, run twice, leaves no escape for %. */
const plainName = (text: string) => {
  if (/[%\s]/.test(text)) {
    throw new MalformedValue("holds a percent sign or white space, which barman cannot connect with");
  }
  return identifier(text);
};

const serverName = (text: string) => {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(text)) throw new MalformedValue("is not a name for a barman server");
  if (["all", "barman"].includes(text.toLowerCase())) throw new MalformedValue("is a word that barman reserves");
  return text;
};

const slotName = (text: string) => {
  if (!/^[a-z0-9_]{1,63}$/.test(text)) throw new MalformedValue("is not the name of a replication slot");
  return text;
};

const backupDirectory = (text: string) => {
  if (!/^\/+[A-Za-z0-9_.-][A-Za-z0-9_.\/-]*$/.test(text) || text.split("/").includes("..")) {
    throw new MalformedValue("is not an absolute path of letters, digits, . _ - and /");
  }
  return text.replace(/\/+$/, "");
};

/** All variables of the role; shared ones come from shared.ts. */
export const barmanVariables = {
  hosts: env<string[]>("REPLICATION_HOST", oneHostOrMore, {
    fallback: [],
    accepts: "one host name, or several separated by commas",
    doc: "Nodes of the cluster that barman backs up; it follows the primary among them and the nodes they know. " +
      "Exit code 1 where it is missing.",
    ...required(1),
  }),
  postgresUser: env("POSTGRES_USER", plainName, {
    fallback: "",
    accepts: "a role name of at most 63 bytes, without % and white space",
    doc: "Superuser barman connects as. Exit code 2 where it is missing.",
    ...required(2),
  }),
  postgresPassword: env("POSTGRES_PASSWORD", plainText, {
    fallback: "",
    accepts: "text without control characters",
    doc: "Its password. Exit code 3 where it is missing.",
    secret: true,
    ...required(3),
  }),
  postgresDb: env("POSTGRES_DB", plainName, {
    fallback: "",
    accepts: "a database name of at most 63 bytes, without % and white space",
    doc: "Database barman connects to. Exit code 4 where it is missing.",
    ...required(4),
  }),
  replicationUser: shared.replicationUser,
  replicationPassword: shared.replicationPassword,
  ...observerVariables,
  replicationPort: shared.port("REPLICATION_PORT", 5432, "Port of PostgreSQL on all nodes."),
  serverName: env("UPSTREAM_NAME", serverName, {
    fallback: "pg_cluster",
    accepts: "letters, digits, _ and -, at most 63 characters; neither all nor barman",
    doc: "Name of the cluster in barman: the server name of its commands and the directory under BACKUP_DIR.",
  }),
  slotName: env("REPLICATION_SLOT_NAME", slotName, {
    fallback: "barman_the_backupper",
    accepts: "small letters, digits and _, at most 63 characters",
    doc: "Replication slot that keeps WAL for barman; kept on the primary and, advanced with it, on every standby.",
  }),
  schedule: env("BACKUP_SCHEDULE", cronExpression, {
    fallback: "0 0 * * *",
    accepts: "a cron expression of five fields: minute hour day month weekday",
    doc: "When base backups are taken, UTC.",
  }),
  retentionDays: env("BACKUP_RETENTION_DAYS", integer(1, 36500), {
    fallback: 30,
    accepts: "days, 1 to 36500",
    doc: "Recovery window: how far back the cluster can be restored. What only older backups need is removed.",
  }),
  backupDir: env("BACKUP_DIR", backupDirectory, {
    fallback: "/var/backups",
    accepts: "an absolute path of letters, digits, . _ - and /",
    doc: "Where backups and WAL are kept; mount a volume here.",
  }),
  connectTimeoutSeconds: env("POSTGRES_CONNECTION_TIMEOUT", integer(2, 3600), {
    fallback: 20,
    accepts: "seconds, 2 to 3600",
    doc: "Longest time one connection to PostgreSQL may take; s.",
  }),
  waitUpstreamSeconds: shared.seconds(
    "WAIT_UPSTREAM_TIMEOUT",
    60,
    86400,
    "After so long without a primary in sight the container is not ready and its log says so as an error; it goes on looking; s.",
  ),
  sshEnable: shared.sshEnable,
  logLevel: shared.logLevel,
};

export type BarmanConfig = ConfigOf<typeof barmanVariables>;

/** What is wrong with several variables together. */
export function barmanProblems(config: BarmanConfig, hostname: string): ConfigProblem[] {
  const problems = observerProblems(config, hostname);
  if (config.postgresUser === config.replicationUser && config.postgresPassword !== config.replicationPassword) {
    problems.push({
      variable: "REPLICATION_PASSWORD",
      message: `POSTGRES_USER and REPLICATION_USER are both ${JSON.stringify(config.postgresUser)}, ` +
        "but POSTGRES_PASSWORD and REPLICATION_PASSWORD differ",
      fix: "give one role one password",
    });
  }
  return problems;
}
