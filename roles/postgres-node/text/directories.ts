// PURE: the directories of a data directory without which a server of PostgreSQL 17 does not work, or works on data that are not
// whole: a standby without pg_multixact, pg_commit_ts, pg_logical or pg_subtrans serves, and cannot be promoted or checkpointed.

/** Those that always hold something. */
export const filledDirectories = ["base", "global", "pg_multixact/members", "pg_multixact/offsets", "pg_xact"] as const;

/** All of them. */
export const neededDirectories: readonly string[] = [
  ...filledDirectories,
  "pg_commit_ts",
  "pg_logical",
  "pg_logical/mappings",
  "pg_logical/snapshots",
  "pg_notify",
  "pg_replslot",
  "pg_subtrans",
  "pg_tblspc",
  "pg_twophase",
  "pg_wal",
];

/** What is said of it. */
export const missingText = (names: readonly string[]): string =>
  `${names.join(", ")} ${names.length === 1 ? "is" : "are"} not there, or empty`;

/** What follows for a standby. */
export const clonedText = (host: string): string =>
  `it is cloned again by itself once a primary is in sight; if it is not, type postdock cluster reinit ${host}`;

/** What to do about it: where only tablespaces are missing, their volumes are most likely not mounted. */
export function missingFix(names: readonly string[], role: "primary" | "standby", host: string): string {
  const wait = role === "standby"
    ? `wait: ${clonedText(host)}`
    : "start or mend a standby: it takes over, and this node is cloned from it";
  if (!names.every((name) => name.startsWith("pg_tblspc/"))) return wait;
  return `mount the volume that was there before, and start the container of ${host} again; if it is lost, ${wait}`;
}
