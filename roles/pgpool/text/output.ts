// PURE: the level that lines of pgpool's log have in ours, and which of them say nothing new.
import type { LogLevel } from "../../../core/words/log-level.ts";

/** What each child prints for each client, at every start or at every change; the agent logs the change once itself. */
const chatter = [
  "selecting backend connection",
  "failover or failback event detected",
  "restarting myself",
  "worker process received restart request",
  "restart request received in pcp child process",
  "signal_user1_to_parent_with_reason",
  "Pgpool-II parent process received SIGUSR1",
  "Pgpool-II parent process has received failover request",
  "process started",
  "fork a new PCP child",
  "PCP process: ",
  "reading status file",
  "shared_memory_size",
  "shared memory segment",
  "memory cache initialized",
  "memcache blocks",
  "pool_discard_oid_maps",
  "create socket files",
  "listen address[",
  "Setting up socket for",
  "find_primary_node_repeatedly: waiting",
  "find_primary_node: primary node is",
  "find_primary_node: standby node is",
  "node status[",
];

/** pgpool itself needs no certificate to speak TLS with the backends; it says so at each start. */
const withoutCertificate = 'could not load server certificate file ""';

const levels: Readonly<Record<string, LogLevel>> = {
  DEBUG: "DEBUG",
  WARNING: "WARNING",
  ERROR: "WARNING", // of one session, in pgpool's words
  FATAL: "WARNING",
  PANIC: "ERROR",
};

/** The level of a line of pgpool in our log. */
export function outputLevel(line: string): LogLevel {
  if (line.includes(withoutCertificate)) return "DEBUG";
  const word = /^\s*([A-Z]+)\d?: {1,2}/.exec(line)?.[1] ?? "";
  const level = levels[word] ?? "INFO";
  return level === "INFO" && chatter.some((c) => line.includes(c)) ? "DEBUG" : level;
}

/** The user whose login failed because pgpool has no password of it; null: the line says something else. */
export function unknownUser(line: string): string | null {
  return /pool_passwd file does not contain an entry for "(.*)"/.exec(line)?.[1] ?? null;
}

export const unknownUserFix =
  "add user:password of it to DB_USERS_FILE of this container; or to DB_USERS, and start it again";
