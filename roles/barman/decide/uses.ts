// PURE: which backups restores use, when such a use is over, and how barman marks the backup then.
import { z } from "zod";
import type { PeerSeen } from "../../../core/protocol/status.ts";
import type { Backup } from "../text/barman-output.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import { chainOf } from "./backup-kind.ts";

const Marked = z.enum(["none", "standalone", "full"]);

/** One restore that needs a backup and the WAL after it. */
export const UseSchema = z.object({
  /** of the restore */
  id: z.string(),
  /** that barman keeps meanwhile: the full one, if the restore needs one that builds on it */
  backup: z.string(),
  /** what uses it: a node that is restored, or a process of this container that restores a copy */
  by: z.union([z.object({ node: z.string() }), z.object({ pid: z.number().int() })]),
  sinceMs: z.number(),
  /** how barman kept the backup before the first of its uses; it is kept in full while it is used */
  before: Marked,
});
export type Use = z.infer<typeof UseSchema>;

/**
 * The backup that barman is to keep while a restore uses this one: barman marks full backups only, and by its policy what builds
 * on one goes and stays with it.
 */
export function keptFor(backup: string, records: readonly Pick<BackupRecord, "id" | "parent">[]): string {
  return chainOf(backup, records)?.[0] ?? backup;
}

/** barman's mark of a backup, from its word for retention such as KEEP:FULL. */
export function markOf(retention: string | null): Use["before"] {
  if (retention === "KEEP:FULL") return "full";
  return retention === "KEEP:STANDALONE" ? "standalone" : "none";
}

/** The backups as they are marked apart from the uses. `uses`: all that there were while barman listed the backups. */
export function withoutUses(backups: readonly Backup[], uses: readonly Use[]): Backup[] {
  return backups.map((backup) => {
    const first = uses.filter((u) => u.backup === backup.id).toSorted((a, b) => a.sinceMs - b.sinceMs)[0];
    if (first === undefined || backup.retention !== "KEEP:FULL" || first.before === "full") return backup;
    return { ...backup, retention: first.before === "standalone" ? "KEEP:STANDALONE" : "VALID" };
  });
}

/** An order that was given may not have arrived yet, milliseconds. */
const arriveMs = 60_000;

/** Whether the restore of a node is over. What cannot be seen is not over. */
export function isOver(use: Pick<Use, "id" | "sinceMs">, seen: PeerSeen, nowMs: number): boolean {
  if (seen.seen !== "reached") return false;
  const { restore, lastRestore } = seen.status;
  if (restore?.id === use.id) return false;
  return lastRestore?.id === use.id || nowMs - use.sinceMs >= arriveMs;
}

/**
 * What ends with a use: another use of the same backup inherits what was before, otherwise barman marks the backup as before.
 */
export function decideEnd(use: Use, all: readonly Use[]): { inherits: Use } | { mark: Use["before"] } {
  const heir = all.find((u) => u.id !== use.id && u.backup === use.backup);
  // a later use has found the mark of this one
  if (heir) return { inherits: { ...heir, before: use.sinceMs <= heir.sinceMs ? use.before : heir.before } };
  return { mark: use.before };
}
