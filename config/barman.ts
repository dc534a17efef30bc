// Every variable of the barman role: its public name, its documentation, and the checks across several variables.
import { baseBackupProblems, baseBackupVariables } from "./base-backup.ts";
import { cloudProblems, cloudVariables } from "./cloud.ts";
import { cronExpression } from "./cron.ts";
import { type ConfigOf, type ConfigProblem, env, identifier, integer, MalformedValue, plainText } from "./env.ts";
import { parseHosts } from "./list-syntax.ts";
import { observerProblems, observerVariables } from "./quorum.ts";
import * as shared from "./shared.ts";
import { tlsProblems } from "./tls.ts";

const required = (exitCode: number) => ({ required: true, requiredExitCode: exitCode });

const oneHostOrMore = (text: string) => {
  const hosts = parseHosts(text);
  if (hosts.length === 0) throw new MalformedValue("does not name a host");
  return hosts;
};

/** barman splits its connection strings at spaces, and parses them twice with ConfigParser, so % cannot be escaped. */
const plainName = (text: string) => {
  if (/[%\s]/.test(text)) {
    throw new MalformedValue("contains a percent sign or white space, with which barman cannot connect");
  }
  return identifier(text);
};

const serverName = (text: string) => {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(text)) throw new MalformedValue("is not a valid barman server name");
  if (["all", "barman"].includes(text.toLowerCase())) throw new MalformedValue("is a word that barman reserves");
  return text;
};

const slotName = (text: string) => {
  if (!/^[a-z0-9_]{1,63}$/.test(text)) throw new MalformedValue("is not a valid replication slot name");
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
    doc: "Nodes of the cluster to back up. barman follows the primary among these nodes and the nodes they know. " +
      "Exit code 1 if unset.",
    ...required(1),
  }),
  postgresUser: env("POSTGRES_USER", plainName, {
    fallback: "",
    accepts: "a role name of at most 63 bytes, without % or white space",
    doc: "Superuser that barman connects as. Exit code 2 if unset.",
    ...required(2),
  }),
  postgresPassword: env("POSTGRES_PASSWORD", plainText, {
    fallback: "",
    accepts: "text without control characters",
    doc: "Password of POSTGRES_USER. Exit code 3 if unset.",
    secret: true,
    ...required(3),
  }),
  postgresDb: env("POSTGRES_DB", plainName, {
    fallback: "",
    accepts: "a database name of at most 63 bytes, without % or white space",
    doc: "Database that barman connects to. Exit code 4 if unset.",
    ...required(4),
  }),
  replicationUser: shared.replicationUser,
  replicationPassword: shared.replicationPassword,
  hostAuthMethod: shared.hostAuthMethod,
  ...observerVariables,
  replicationPort: shared.port("REPLICATION_PORT", 5432, "PostgreSQL port, the same on all nodes."),
  serverName: env("UPSTREAM_NAME", serverName, {
    fallback: "pg_cluster",
    accepts: "letters, digits, _ and -, at most 63 characters; not all or barman",
    doc: "Server name of the cluster in barman's commands, and the name of its directory under BACKUP_DIR.",
  }),
  slotName: env("REPLICATION_SLOT_NAME", slotName, {
    fallback: "barman_the_backupper",
    accepts: "lower-case letters, digits and _, at most 63 characters",
    doc:
      "Replication slot that keeps WAL for barman. It exists on the primary and on every standby, where it is advanced too.",
  }),
  ...baseBackupVariables,
  retentionDays: env("BACKUP_RETENTION_DAYS", integer(1, 36500), {
    fallback: 30,
    accepts: "days, 1 to 36500",
    doc:
      "Recovery window: how far back the cluster can be restored. Backups and WAL that only older times need are removed.",
  }),
  retentionCount: env("BACKUP_RETENTION_COUNT", integer(0, 10_000), {
    fallback: 0,
    accepts: "a number of backups, 1 to 10000; 0: BACKUP_RETENTION_DAYS counts",
    doc: "Keeps so many newest backups and the WAL since the oldest of them, instead of a recovery window.",
  }),
  backupDir: env("BACKUP_DIR", backupDirectory, {
    fallback: "/var/backups",
    accepts: "an absolute path of letters, digits, . _ - and /",
    doc: "Directory for backups and WAL. Mount a volume here.",
  }),
  ...cloudVariables,
  verifySchedule: env("VERIFY_SCHEDULE", (text: string) => text.trim() === "" ? "" : cronExpression(text), {
    fallback: "0 3 * * 0",
    accepts: "a cron expression of five fields; empty: never",
    doc:
      "When the newest backup is restored into a scratch directory in BACKUP_DIR, checked and removed again, in UTC.",
    emptyCounts: true,
  }),
  verifySql: env("VERIFY_SQL", plainText, {
    fallback: "",
    accepts: "SQL without control characters",
    doc: "Run in POSTGRES_DB of the restored copy at each verification, and has to succeed.",
  }),
  connectTimeoutSeconds: env("POSTGRES_CONNECTION_TIMEOUT", integer(2, 3600), {
    fallback: 20,
    accepts: "seconds, 2 to 3600",
    doc: "Timeout of a connection to PostgreSQL.",
  }),
  waitUpstreamSeconds: shared.seconds(
    "WAIT_UPSTREAM_TIMEOUT",
    60,
    86400,
    "After this long without a primary, the container reports that it is not ready and logs an error. It keeps looking.",
  ),
  ...shared.ofEveryRole,
};

export type BarmanConfig = ConfigOf<typeof barmanVariables>;

/** Problems between variables. */
export function barmanProblems(config: BarmanConfig, hostname: string): ConfigProblem[] {
  const problems = [
    ...observerProblems(config, hostname),
    ...cloudProblems(config),
    ...baseBackupProblems(config),
    ...tlsProblems(config, []),
  ];
  // who sets it must not believe that anything is encrypted
  if (config.encryption.toLowerCase() !== "none") {
    problems.push({
      variable: "BACKUP_ENCRYPTION",
      message: "BACKUP_ENCRYPTION is set, but PostDock does not have barman encrypt backups",
      fix: "encrypt the volume of BACKUP_DIR (docs/backup.md), and unset BACKUP_ENCRYPTION",
    });
  }
  if (config.postgresUser === config.replicationUser && config.postgresPassword !== config.replicationPassword) {
    problems.push({
      variable: "REPLICATION_PASSWORD",
      message: `POSTGRES_USER and REPLICATION_USER are both ${JSON.stringify(config.postgresUser)}, ` +
        "but POSTGRES_PASSWORD and REPLICATION_PASSWORD differ",
      fix: "set both to the password of that role, or use two roles",
    });
  }
  return problems;
}
