// Which backup and which WAL come back from the object store.
import assert from "node:assert/strict";
import { test } from "node:test";
import { walName } from "../../../core/postgres/wal-name.ts";
import type { Store, StoredBackup } from "./cloud.ts";
import { planFetch, tablespacesOf, withChildren } from "./fetch.ts";

const segmentBytes = 16 * 1024 * 1024;
const wal = (segment: number, timeline = 1) => walName(timeline, BigInt(segment), segmentBytes);
const backup = (id: string, segment: number, parent: string | null = null): StoredBackup => ({
  record: {
    id,
    timeline: 1,
    beginLsn: "0/0",
    from: "primary",
    parent,
    compression: null,
    summarized: true,
    tablespaces: [],
    beginSegment: BigInt(segment),
    endLsn: `0/${((segment + 1) * segmentBytes).toString(16)}`,
    endMicros: BigInt(id),
    segmentBytes,
    sizeBytes: 1,
  },
  info: "",
  keep: null,
  bytes: 1,
});
const store = (backups: StoredBackup[], names: string[]): Store => ({
  identity: "7",
  marked: true,
  backups,
  unreadable: [],
  wals: new Map(names.map((name) => [name, { key: `wals/${name}.gz`, bytes: 1 }])),
  newestMs: null,
});
const some = store([backup("1", 1), backup("2", 3), backup("3", 9)], [
  wal(4),
  wal(3),
  wal(1),
  "00000002.history",
  wal(4, 2),
]);
const any = { id: null, untilMicros: null };

test("the newest backup that has its WAL comes, with all WAL from its begin on that is not here, and every history", () => {
  const plan = planFetch(some, any, new Set([wal(4)]));
  assert.ok("backup" in plan);
  assert.equal(plan.backup.record.id, "2");
  assert.deepEqual(plan.wals.map((w) => w.name), [wal(3), "00000002.history", wal(4, 2)]);
});

test("an id or a time picks an older one; what cannot come is refused with those that can", () => {
  const idOf = (wanted: Parameters<typeof planFetch>[1]) => {
    const plan = planFetch(some, wanted, new Set());
    return "backup" in plan ? plan.backup.record.id : `${plan.refused.because}; ${plan.refused.fix}`;
  };
  assert.equal(idOf({ id: "1", untilMicros: null }), "1");
  assert.equal(idOf({ id: null, untilMicros: 1n }), "1");
  assert.match(idOf({ id: null, untilMicros: 0n }), /ended by then; name one of 1, 2/);
  assert.match(idOf({ id: "3", untilMicros: null }), /has no backup 3 with all its WAL; name one of 1, 2/);
  const none = planFetch(store([], []), any, new Set());
  assert.ok("refused" in none && /holds no backup/.test(none.refused.because));
});

test("an incremental backup comes with what it builds on, and not without", () => {
  const full = backup("1", 1);
  const plan = planFetch(store([full, backup("2", 3, "1")], [wal(1), wal(3)]), any, new Set());
  assert.ok("backup" in plan);
  assert.deepEqual(plan.chain.map((b) => b.record.id), ["1", "2"]);
  assert.ok("refused" in planFetch(store([backup("2", 3, "1")], [wal(3)]), any, new Set()));
});

test("tablespaces are in barman's record", () => {
  assert.deepEqual(tablespacesOf("a=1\ntablespaces=[('fast', 16385, '/mnt/fast'), ('big', 16386, '/b')]\n"), [
    { name: "fast", oid: "16385" },
    { name: "big", oid: "16386" },
  ]);
  assert.deepEqual(tablespacesOf("tablespaces=None\n"), []);
});

test("a record names the backups that build on it, and no others", () => {
  assert.equal(withChildren("a=1\nchildren_backup_ids=x,y\nb=2\n", ["z"]), "a=1\nchildren_backup_ids=z\nb=2\n");
  assert.equal(withChildren("a=1\n", ["x", "y"]), "a=1\nchildren_backup_ids=x,y\n");
  assert.equal(withChildren("children_backup_ids=x\n", []), "children_backup_ids=None\n");
});
