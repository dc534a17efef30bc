// PURE: what goes to the object store, in which order, and what is removed there. All follows from what is in barman's
// directories and what is in the store, so a restart changes nothing.
import { lastSegmentBefore, walName } from "../../../core/postgres/wal-name.ts";
import { chainOf } from "./backup-kind.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import type { Located } from "../text/places.ts";
import type { Backup } from "../text/barman-output.ts";

/** One base backup in the store. */
export interface StoredBackup {
  record: BackupRecord;
  /** barman's record of it, as text */
  info: string;
  /** it is exempt from the retention policy */
  keep: "full" | "standalone" | null;
  /** what it takes in the store, bytes */
  bytes: number;
}

/** What the store holds of this server. */
export interface Store {
  /** the system identifier of the cluster; null: nothing says it */
  identity: string | null;
  /** the store says it itself, not only the record of a backup */
  marked: boolean;
  /** oldest first */
  backups: readonly StoredBackup[];
  /** records that cannot be read, and why */
  unreadable: readonly string[];
  /** objects of WAL segments and histories, by the name of the file */
  wals: Map<string, { key: string; bytes: number }>;
  /** when something was stored last, milliseconds since 1970 */
  newestMs: number | null;
}

const beginOf = (record: BackupRecord) => walName(record.timeline, record.beginSegment, record.segmentBytes);
const isHistory = (name: string) => name.endsWith(".history");

/**
 * WAL to store, in this order: first what a restore of the newest backup needs, oldest first, so that the store can always be
 * restored up to what was stored last; then older WAL. Names sort by timeline, and the history of a timeline before its
 * segments. Before there is a backup in the store, WAL begins with what the newest backup here needs.
 */
export function walToStore(
  archived: readonly string[],
  store: Pick<Store, "backups" | "wals">,
  local: readonly BackupRecord[],
): string[] {
  const stored = store.backups.map((b) => beginOf(b.record)).toSorted();
  const newest = stored.at(-1) ?? local.map(beginOf).toSorted().at(-1);
  if (newest === undefined) return [];
  const oldest = stored[0] ?? newest;
  const later = (name: string) => isHistory(name) || name >= newest ? 0 : 1;
  return archived.filter((name) => !store.wals.has(name) && (isHistory(name) || name >= oldest))
    .toSorted((a, b) => later(a) - later(b) || (a < b ? -1 : 1));
}

/**
 * Backups to store: finished ones that the retention policy keeps here, newest first, but what one builds on before it. A
 * compressed one is not stored: barman's program for that takes the files of a cluster only. `records`: of those here.
 */
export function backupsToStore(
  local: readonly Backup[],
  records: readonly Located[],
  store: Pick<Store, "backups">,
): string[] {
  const compressed = new Set(records.filter((b) => b.compression !== null).map((b) => b.id));
  const there = new Set(store.backups.map((b) => b.record.id));
  const kept = local.filter((b) => b.status === "DONE" && b.retention !== "OBSOLETE").map((b) => b.id);
  const wanted = kept.toSorted().toReversed().flatMap((id) => chainOf(id, records) ?? []);
  return [...new Set(wanted)].filter((id) => !there.has(id) && !compressed.has(id));
}

/** Why nothing may be stored: the store belongs to another cluster, whose WAL has the same names. null: it may. */
export function foreignStore(store: Pick<Store, "identity">, own: string | null): string | null {
  if (store.identity === null || own === null || store.identity === own) return null;
  return `it holds backups of the cluster with the system identifier ${store.identity}, and this cluster has ${own}`;
}

/** The WAL that the backup itself needs is in the store, and all backups that it builds on: it can be restored. */
export function isWhole({ record }: StoredBackup, store: Pick<Store, "backups" | "wals">): boolean {
  if (chainOf(record.id, store.backups.map((b) => b.record)) === null) return false;
  const last = lastSegmentBefore(record.endLsn, record.segmentBytes);
  for (let segment = record.beginSegment; segment <= last; segment++) {
    if (!store.wals.has(walName(record.timeline, segment, record.segmentBytes))) return false;
  }
  return true;
}

/** What is kept: so many newest backups, or if that is 0, all from within so many days and the newest one from before. */
export interface Policy {
  retentionCount: number;
  retentionDays: number;
}

/**
 * Backups to remove from the store, by the policy of BACKUP_DIR, which counts full backups; what builds on one goes and stays
 * with it. Only what can be restored from the store counts as kept there. What is still here, or exempt, stays. If a record
 * cannot be read, nothing is removed. `nowMs`: wall clock.
 */
export function storedToRemove(
  store: Store,
  local: readonly Backup[],
  { retentionCount, retentionDays }: Policy,
  nowMs: number,
): string[] {
  if (store.unreadable.length > 0) return [];
  const whole = store.backups.filter((b) => b.record.parent === null && isWhole(b, store)).toReversed();
  const sinceMicros = BigInt(Math.floor(nowMs - retentionDays * 86_400_000)) * 1000n;
  const before = whole.findIndex((b) => b.record.endMicros !== null && b.record.endMicros < sinceMicros);
  const kept = retentionCount > 0 ? whole.slice(0, retentionCount) : before < 0 ? whole : whole.slice(0, before + 1);
  const enough = retentionCount > 0 ? kept.length === retentionCount : before >= 0;
  const oldest = kept.at(-1)?.record.id;
  if (oldest === undefined || !enough) return [];
  const records = store.backups.map((b) => b.record);
  const fullOf = ({ record: { id } }: StoredBackup) => chainOf(id, records)?.[0] ?? id;
  const here = new Set(local.map((b) => b.id));
  const staying = new Set(store.backups.filter((b) => b.keep !== null || here.has(b.record.id)).map(fullOf));
  return store.backups.filter((b) => fullOf(b) < oldest && !staying.has(fullOf(b))).map((b) => b.record.id)
    .toReversed();
}

/**
 * Full backups that are exempt in the store in another way than here. `removed`: those that the policy has removed here, which
 * were exempt no more. Of a backup that is gone here for another reason, the store's word counts.
 */
export function keepsToStore(
  local: readonly Backup[],
  store: Pick<Store, "backups">,
  removed: ReadonlySet<string>,
): { id: string; keep: "full" | "standalone" | "release" }[] {
  const wanted = new Map(local.filter((b) => b.status === "DONE").map((b) => [b.id, keepOf(b.retention)]));
  return store.backups.flatMap(({ record: { id, parent }, keep }) => {
    const want = removed.has(id) ? null : wanted.get(id);
    return want === undefined || want === keep || parent !== null ? [] : [{ id, keep: want ?? "release" as const }];
  });
}

const keepOf = (retention: string | null) =>
  retention === "KEEP:FULL" ? "full" as const : retention === "KEEP:STANDALONE" ? "standalone" as const : null;

/** How old WAL may get here before its segment is closed for the store, milliseconds. */
const closeAfterMs = 300_000;

/**
 * Whether the present segment is to be closed: on a quiet cluster it would take hours to fill. `receivedMs`: when WAL was
 * received last; `uploadMs`: when something was stored last; `closedMs`: when a segment was closed last for this reason. All
 * wall clock; null: not known, or never.
 */
export function isCloseDue(
  seen: { receivedMs: number | null; uploadMs: number | null; closedMs: number | null },
  nowMs: number,
): boolean {
  const { closedMs, receivedMs, uploadMs } = seen;
  if (receivedMs === null || uploadMs === null || receivedMs <= uploadMs) return false;
  return nowMs - uploadMs >= closeAfterMs && (closedMs === null || nowMs - closedMs >= closeAfterMs);
}

const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

/** The pause after so many failures in a row, milliseconds: 5 s, doubling up to 5 minutes. */
export function cloudPauseMs(failures: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, failures - 1));
}
