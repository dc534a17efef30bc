// PURE: what is brought back from the object store: one backup, and all WAL from its begin on.
import { walName } from "../../../core/postgres/wal-name.ts";
import { chainOf } from "./backup-kind.ts";
import { isWhole, type Store, type StoredBackup } from "./cloud.ts";

/** What to fetch, or why nothing can be. */
export type FetchPlan =
  /** `chain`: the backup and what it builds on, oldest first */
  | { backup: StoredBackup; chain: StoredBackup[]; wals: { name: string; key: string; bytes: number }[] }
  | { refused: { because: string; fix: string } };

/** Which backup: the one of this id, or the newest that ended by this time (microseconds since 1970), or the newest. */
export interface Wanted {
  id: string | null;
  untilMicros: bigint | null;
}

/** `here`: names of WAL files and histories that are here already. */
export function planFetch(store: Store, wanted: Wanted, here: ReadonlySet<string>): FetchPlan {
  if (store.backups.length === 0) {
    return {
      refused: { because: "the object store holds no backup", fix: "check CLOUD_BACKUP_URL and UPSTREAM_NAME" },
    };
  }
  const whole = store.backups.filter((b) => isWhole(b, store));
  const fits = ({ record: { id, endMicros } }: StoredBackup) =>
    wanted.id === null
      ? wanted.untilMicros === null || (endMicros !== null && endMicros <= wanted.untilMicros)
      : id === wanted.id;
  const backup = whole.findLast(fits);
  if (backup === undefined) {
    const ids = whole.map((b) => b.record.id).join(", ");
    return {
      refused: {
        because: wanted.id === null
          ? "no backup in the object store has all its WAL there and ended by then"
          : `the object store has no backup ${wanted.id} with all its WAL`,
        fix: ids === "" ? "see `postdock barman list`" : `name one of ${ids}: postdock barman fetch BACKUP`,
      },
    };
  }
  const { beginSegment, segmentBytes, timeline } = backup.record;
  const begin = walName(timeline, beginSegment, segmentBytes);
  const wals = [...store.wals].filter(([name]) => !here.has(name) && (name.endsWith(".history") || name >= begin))
    .map(([name, object]) => ({ name, ...object })).toSorted((a, b) => a.name < b.name ? -1 : 1);
  const ids = chainOf(backup.record.id, store.backups.map((b) => b.record)) ?? [];
  return { backup, chain: store.backups.filter((b) => ids.includes(b.record.id)), wals };
}

/** Name and oid of each tablespace, from barman's record of a backup. */
export function tablespacesOf(info: string): { name: string; oid: string }[] {
  const line = /^tablespaces=(.*)$/m.exec(info)?.[1] ?? "";
  return [...line.matchAll(/\('([^']*)', (\d+), /g)].map(([, name, oid]) => ({ name: name!, oid: oid! }));
}

/** barman's record of a backup with the ids of those that build on it. */
export function withChildren(info: string, ids: readonly string[]): string {
  const line = `children_backup_ids=${ids.length === 0 ? "None" : ids.join(",")}`;
  return /^children_backup_ids=.*$/m.test(info)
    ? info.replace(/^children_backup_ids=.*$/m, line)
    : `${info.trimEnd()}\n${line}\n`;
}
