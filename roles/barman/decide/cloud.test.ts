// What goes to the object store, in which order, and what is removed there: a restore from the store is possible at every moment.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BackupRecord } from "../text/backup-info.ts";
import type { Backup } from "../text/barman-output.ts";
import { walName } from "../../../core/postgres/wal-name.ts";
import {
  backupsToStore,
  cloudPauseMs,
  foreignStore,
  isCloseDue,
  isWhole,
  keepsToStore,
  type Store,
  type StoredBackup,
  storedToRemove,
  walToStore,
} from "./cloud.ts";

const segmentBytes = 16 * 1024 * 1024;
const dayMs = 86_400_000;
const wal = (segment: number, timeline = 1) => walName(timeline, BigInt(segment), segmentBytes);
const record = (id: string, segment: number, endMs = 0, parent: string | null = null): BackupRecord => ({
  id,
  timeline: 1,
  beginSegment: BigInt(segment),
  beginLsn: "0/0",
  from: "primary",
  parent,
  compression: null,
  summarized: true,
  tablespaces: [],
  endLsn: `0/${((segment + 1) * segmentBytes).toString(16)}`,
  endMicros: BigInt(endMs) * 1000n,
  segmentBytes,
  sizeBytes: 1,
});
const stored = (r: BackupRecord, keep: StoredBackup["keep"] = null): StoredBackup => ({
  record: r,
  info: "",
  keep,
  bytes: 1,
});
const local = (id: string, retention = "VALID", status = "DONE"): Backup => ({
  id,
  status,
  retention,
  sizeBytes: 1,
  endSeconds: 1,
});
const store = (backups: StoredBackup[], wals: readonly string[], more: Partial<Store> = {}): Store => ({
  identity: "7",
  marked: true,
  backups,
  unreadable: [],
  wals: new Map(wals.map((name) => [name, { key: name, bytes: 1 }])),
  newestMs: null,
  ...more,
});

test("without a backup, WAL begins with what the newest backup here needs; without any backup none is stored", () => {
  const archived = [wal(1), wal(2), wal(3), "00000002.history"];
  assert.deepEqual(walToStore(archived, store([], []), [record("a", 1), record("b", 3)]), [wal(3), "00000002.history"]);
  assert.deepEqual(walToStore(archived, store([], []), []), []);
});

test("WAL that the newest backup needs goes first, a timeline's history before its segments, older WAL last", () => {
  const archived = [wal(9), wal(7, 2), wal(4), wal(6), wal(8, 2), "00000002.history", wal(5), `${wal(7)}.partial`];
  const there = store([stored(record("a", 4)), stored(record("b", 6))], [wal(6)]);
  assert.deepEqual(walToStore(archived, there, []), [
    `${wal(7)}.partial`,
    wal(9),
    "00000002.history",
    wal(7, 2),
    wal(8, 2),
    wal(4),
    wal(5),
  ]);
});

test("at every moment what is stored is an unbroken row from the newest backup on", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 40 })), fc.nat(40), fc.nat(50), (missing, newest, count) => {
      const all = Array.from({ length: 41 }, (_, i) => wal(i));
      const wals = all.filter((_, i) => i < newest && !missing.includes(i)); // nothing of the newest one is there yet
      const there = store([stored(record("a", 0)), stored(record("b", newest))], wals);
      const put = walToStore(all, there, []).slice(0, count);
      const since = put.filter((name) => name >= wal(newest));
      assert.deepEqual(since, all.slice(newest, newest + since.length));
      assert.ok(put.every((name) => !wals.includes(name)));
    }),
  );
});

test("finished backups that are kept here go, newest first; one that is there already does not", () => {
  const here = [
    local("1", "OBSOLETE"),
    local("2", "KEEP:FULL"),
    local("3"),
    local("4"),
    local("5", "-", "WAITING_FOR_WALS"),
  ];
  const records = ["1", "2", "3", "4"].map((id) => record(id, 1));
  assert.deepEqual(backupsToStore(here, records, store([stored(record("3", 1))], [])), ["4", "2"]);
  const compressed = records.map((r) => r.id === "4" ? { ...r, compression: "zstd" as const } : r);
  assert.deepEqual(backupsToStore(here, compressed, store([], [])), ["3", "2"]);
});

test("what a backup builds on goes before it, and it is whole only with that", () => {
  const records = [record("1", 1), record("2", 2, 0, "1"), record("3", 3, 0, "2")];
  assert.deepEqual(backupsToStore(["1", "2", "3"].map((id) => local(id)), records, store([], [])), ["1", "2", "3"]);
  const [full, , last] = records.map((r) => stored(r));
  assert.equal(isWhole(last!, store([full!, last!], [wal(3)])), false);
});

test("what builds on a full backup goes and stays with it, the newest first", () => {
  const family = [
    record("1", 1, days(1)),
    record("2", 2, days(2), "1"),
    record("3", 3, days(3)),
    record("4", 4, days(4)),
  ];
  const policy = { retentionCount: 1, retentionDays: 1 };
  const there = store(family.map((r) => stored(r)), allWal);
  assert.deepEqual(storedToRemove(there, [], policy, now), ["3", "2", "1"]);
  assert.deepEqual(storedToRemove(there, [local("2")], policy, now), ["3"]);
  const child = store([...family, record("5", 5, days(5), "4")].map((r) => stored(r)), allWal);
  assert.deepEqual(storedToRemove(child, [], { retentionCount: 2, retentionDays: 1 }, now), ["2", "1"]);
});

test("nothing goes to a store of another cluster", () => {
  assert.match(foreignStore({ identity: "7" }, "8") ?? "", /identifier 7, and this cluster has 8/);
  assert.equal(foreignStore({ identity: "7" }, "7"), null);
  assert.equal(foreignStore({ identity: null }, "8"), null);
  assert.equal(foreignStore({ identity: "7" }, null), null);
});

test("a backup is whole with all WAL from its begin to its end", () => {
  const backup = stored(record("a", 5));
  assert.equal(isWhole(backup, store([backup], [wal(5)])), true);
  assert.equal(isWhole(backup, store([backup], [wal(4), wal(6)])), false);
});

const days = (n: number) => n * dayMs;
const now = days(100);
const five = () => [1, 2, 3, 4, 5].map((n) => stored(record(String(n), n, days(94 + n))));
const allWal = Array.from({ length: 20 }, (_, i) => wal(i));

test("what BACKUP_DIR no longer has is removed once enough newer ones are there", () => {
  const here = [local("4"), local("5")];
  assert.deepEqual(storedToRemove(store(five(), allWal), here, { retentionCount: 2, retentionDays: 30 }, now), [
    "3",
    "2",
    "1",
  ]);
  assert.deepEqual(storedToRemove(store(five(), allWal), here, { retentionCount: 0, retentionDays: 3 }, now), ["1"]);
});

test("an empty BACKUP_DIR removes nothing that the policy keeps; a kept backup and one that is still here stay", () => {
  assert.deepEqual(storedToRemove(store(five(), allWal), [], { retentionCount: 0, retentionDays: 30 }, now), []);
  const some = five();
  some[0]!.keep = "standalone";
  const removed = storedToRemove(store(some, allWal), [local("2")], { retentionCount: 2, retentionDays: 1 }, now);
  assert.deepEqual(removed, ["3"]);
});

test("a backup without its WAL replaces nothing, and with a record that cannot be read nothing is removed", () => {
  const without5 = allWal.filter((name) => name !== wal(5));
  const policy = { retentionCount: 1, retentionDays: 30 };
  assert.deepEqual(storedToRemove(store(five(), without5), [], policy, now), ["3", "2", "1"]);
  assert.deepEqual(storedToRemove(store(five(), [], {}), [], policy, now), []);
  assert.deepEqual(storedToRemove(store(five(), allWal, { unreadable: ["x"] }), [], policy, now), []);
});

test("after any removal the window can still be restored, or so many backups are left", () => {
  const ends = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 12 });
  fc.assert(fc.property(ends, fc.nat(4), fc.integer({ min: 1, max: 120 }), (at, retentionCount, retentionDays) => {
    const backups = at.toSorted((a, b) => a - b).map((d) => stored(record(String(d).padStart(2, "0"), d, days(d))));
    const wals = Array.from({ length: 101 }, (_, i) => wal(i));
    const removed = storedToRemove(store(backups, wals), [], { retentionCount, retentionDays }, now);
    const left = backups.filter((b) => !removed.includes(b.record.id));
    const since = BigInt(days(100 - retentionDays)) * 1000n;
    if (retentionCount > 0) return left.length >= Math.min(retentionCount, backups.length);
    const reached = (list: StoredBackup[]) => list.some((b) => b.record.endMicros! < since);
    const within = (list: StoredBackup[]) => list.filter((b) => b.record.endMicros! >= since).length;
    return reached(left) === reached(backups) && within(left) === within(backups);
  }));
});

test("an exemption here is made there too, and ended there too", () => {
  const there = store([stored(record("1", 1)), stored(record("2", 2), "full"), stored(record("3", 3), "full")], []);
  const here = [local("1", "KEEP:STANDALONE"), local("2", "VALID")];
  const none = new Set<string>();
  assert.deepEqual(keepsToStore(here, there, none), [{ id: "1", keep: "standalone" }, { id: "2", keep: "release" }]);
  const kept = { backups: [{ ...there.backups[0]!, keep: "standalone" as const }] };
  const { id } = kept.backups[0]!.record;
  assert.deepEqual(keepsToStore([], kept, none), [], "BACKUP_DIR was lost: what is exempt there stays so");
  assert.deepEqual(keepsToStore([], kept, new Set([id])), [{ id, keep: "release" }], "released, and removed at once");
});

test("a segment is closed when it holds WAL that came after the last upload, 5 minutes ago, and then not again at once", () => {
  const minute = 60_000;
  const due = (receivedMs: number | null, uploadMs: number | null, closedMs: number | null = null) =>
    isCloseDue({ receivedMs, uploadMs, closedMs }, 100 * minute);
  assert.equal(due(96 * minute, 95 * minute), true);
  assert.equal(due(97 * minute, 96 * minute), false);
  assert.equal(due(90 * minute, 95 * minute), false, "nothing was received since");
  assert.equal(due(96 * minute, 95 * minute, 99 * minute), false);
  assert.equal(due(null, 1) || due(1, null), false);
});

test("the pause after a failure grows up to five minutes", () => {
  assert.deepEqual([1, 2, 3, 20].map(cloudPauseMs), [5_000, 10_000, 20_000, 300_000]);
});
