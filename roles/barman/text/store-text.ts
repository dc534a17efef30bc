// PURE: what the object store holds, for people and as JSON.
import { table } from "../../../core/words/layout.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import { isWhole, type Store, type StoredBackup } from "../decide/cloud.ts";

const endOf = ({ record: { endMicros } }: StoredBackup) =>
  endMicros === null ? null : new Date(Number(endMicros / 1000n)).toISOString().replace(/\.\d+Z$/, "Z");

const newestWal = (store: Store) =>
  [...store.wals.keys()].filter((name) => /^[0-9A-F]{24}$/.test(name)).toSorted().at(-1) ?? null;

/** A table of its backups, oldest first, and the last WAL file. */
export function renderStore(store: Store, url: string): string[] {
  const rows = store.backups.map((b) => [
    b.record.id,
    isWhole(b, store) ? "yes" : "not yet: its WAL is on the way",
    endOf(b) ?? "-",
    sizeText(b.bytes),
    b.keep === null ? "-" : `KEEP:${b.keep.toUpperCase()}`,
  ]);
  const newest = newestWal(store);
  return [
    "",
    `in the object store at ${url}:`,
    ...rows.length === 0 ? ["no backups yet"] : table([["backup", "can be fetched", "ended", "size", "kept"], ...rows]),
    ...newest === null ? [] : [`${store.wals.size} WAL files, the last is ${newest}`],
    ...store.unreadable,
  ];
}

/** The same for programs. */
export function storeJson(store: Store) {
  return {
    backups: store.backups.map((b) => ({
      id: b.record.id,
      whole: isWhole(b, store),
      ended: endOf(b),
      bytes: b.bytes,
      keep: b.keep,
    })),
    walFiles: store.wals.size,
    lastWal: newestWal(store),
    unreadable: store.unreadable,
  };
}
