// PURE: barman.conf, the server file and the passfile, each rendered whole. No password in any but the passfile.
import type { ImageVersions } from "../../../config/image-versions.ts";
import { hasBarman } from "../../../config/barman-features.ts";
import { renderConninfo, renderPgpassLine, type Trust, type Way } from "../../../core/postgres/conninfo.ts";

export const barmanConfPath = "/etc/barman.conf";
export const serverDirectory = "/etc/barman.d";
export const lockDirectory = "/run/barman";
/** Holds a pg_receivewal that flushes what it receives at once and says so (images/barman/Dockerfile). */
export const toolsDirectory = "/usr/local/lib/postdock";
/** /var/log/barman is a link to its directory */
export const barmanLogPath = `${lockDirectory}/log/barman.log`;

export const passfilePath = "/var/lib/postgresql/.pgpass";

/** What the files depend on. */
export interface BarmanConfInput extends Trust {
  imageVersions: ImageVersions;
  serverName: string;
  backupDir: string;
  slotName: string;
  retentionDays: number;
  /** keeps so many backups instead; 0: retentionDays counts */
  retentionCount: number;
  /** kilobytes per second; 0: no limit */
  rateKb: number;
  /** of base backups */
  compression: "none" | "gzip" | "zstd";
  postgresUser: string;
  postgresDb: string;
  replicationUser: string;
  replicationPort: number;
  connectTimeoutSeconds: number;
}

/** The server file's path; its directory holds no other file. */
export const serverConfPath = (serverName: string) => `${serverDirectory}/${serverName}.conf`;

/** What a backup that is copied from one standby is taken with, instead of barman.conf and the server file. */
export const standbyConfPath = (standby: string) => `${lockDirectory}/from-${encodeURIComponent(standby)}.conf`;

/** What backups are listed with. */
export const listConfPath = `${lockDirectory}/list.conf`;
const listDirectory = `${lockDirectory}/list`;
/** barman's record of archived WAL for that, which stays empty. */
export const listRecordPath = (serverName: string) => `${listDirectory}/${serverName}-xlog.db`;

/** barman.conf. `barman_user` makes root's `barman` become the postgres user. */
export function renderBarmanConf(input: Pick<BarmanConfInput, "backupDir">): string {
  return general(input, ["; Written by postdock at every start; changes are lost."], [
    `configuration_files_directory = ${serverDirectory}`,
  ]);
}

function general(
  input: Pick<BarmanConfInput, "backupDir">,
  head: readonly string[],
  more: readonly string[],
  locks = lockDirectory,
): string {
  return [
    ...head,
    "[barman]",
    "barman_user = postgres",
    ...more,
    `barman_home = ${input.backupDir}`,
    `barman_lock_directory = ${locks}`,
    `log_file = ${barmanLogPath}`,
    "log_level = INFO",
    "compression = gzip",
    "",
  ].join("\n");
}

/** The server's file, which names the node that WAL and backups come from. */
export function renderServerConf(input: BarmanConfInput, to: Way): string {
  return [
    "; Written by postdock at every start and whenever another node becomes primary; changes are lost.",
    ...server(input, to),
    "",
  ].join("\n");
}

/**
 * A whole configuration for one backup that is copied from a standby. WAL, its slot and the switch of the last segment stay with
 * the primary. It is a file of its own, since all other commands of barman are about the primary.
 */
export function renderStandbyConf(input: BarmanConfInput, standby: string, primary: string): string {
  return [
    general(input, ["; Written by postdock before each base backup from a standby; changes are lost."], []),
    ...server(input, { host: standby }),
    `primary_conninfo = ${conninfo(input, { host: primary }, input.postgresUser)}`,
    ...hasBarman(input.imageVersions, "wal_conninfo")
      ? [
        `wal_conninfo = ${conninfo(input, { host: primary }, input.postgresUser)}`,
        `wal_streaming_conninfo = ${conninfo(input, { host: primary }, input.replicationUser)}`,
      ]
      : [],
    "",
  ].join("\n");
}

/**
 * A whole configuration for the list of backups. For the WAL of each backup barman reads its whole record of the archive, one line a
 * file, and waits while WAL is archived: nobody needs that sum, so it reads an empty record, under a lock of its own. Older barmans have
 * one place for the record, which is read then.
 */
export function renderListConf(input: BarmanConfInput, host: string): string {
  return [
    general(input, ["; Written by postdock at every start; changes are lost."], [], listDirectory),
    ...server(input, { host }),
    ...hasBarman(input.imageVersions, "xlogdb_directory") ? [`xlogdb_directory = ${listDirectory}`] : [],
    "",
  ].join("\n");
}

/** `from`: where base backups are copied from. */
function server(input: BarmanConfInput, from: Way): string[] {
  return [
    `[${input.serverName}]`,
    `description = "PostDock cluster ${input.serverName}"`,
    `conninfo = ${conninfo(input, from, input.postgresUser)}`,
    `streaming_conninfo = ${conninfo(input, from, input.replicationUser)}`,
    "backup_method = postgres",
    // a scheduled backup waits for a checkpoint that is spread over minutes; the others ask for one at once
    "immediate_checkpoint = false",
    ...(input.rateKb > 0 ? [`bandwidth_limit = ${input.rateKb}`] : []),
    ...(input.compression === "none" ? [] : [`backup_compression = ${input.compression}`]),
    "streaming_archiver = on",
    "archiver = off",
    `path_prefix = ${toolsDirectory}`,
    `slot_name = ${input.slotName}`,
    "create_slot = auto",
    `retention_policy = ${retentionPolicy(input)}`,
    "wal_retention_policy = main",
    "minimum_redundancy = 0",
  ];
}

function retentionPolicy(input: BarmanConfInput): string {
  return input.retentionCount > 0
    ? `REDUNDANCY ${input.retentionCount}`
    : `RECOVERY WINDOW OF ${input.retentionDays} DAYS`;
}

/** The passfile of the postgres user: both roles, on every node. */
export function renderPassfile(users: readonly { user: string; password: string }[]): string {
  return [...new Set(users.map((u) => renderPgpassLine(u.user, u.password)))].join("");
}

/** Keepalives notice a node that has vanished: without them a receiver waits on a dead connection for hours. */
function conninfo(input: BarmanConfInput, to: Way, user: string): string {
  return renderConninfo({
    ...to,
    port: input.replicationPort,
    user,
    dbname: input.postgresDb,
    connect_timeout: input.connectTimeoutSeconds,
    // `docker exec` gives a user without an entry in /etc/passwd another HOME
    passfile: passfilePath,
    keepalives_idle: 5,
    keepalives_interval: 2,
    keepalives_count: 3,
    tcp_user_timeout: 15_000,
  }, input);
}
