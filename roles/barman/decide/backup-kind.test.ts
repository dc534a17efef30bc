// Tests of whether a base backup is a full one, and of what an incremental one needs.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHistory } from "../../../core/postgres/lsn.ts";
import { segmentBytes } from "../../../core/postgres/wal-name.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import { chainOf, decideKind, type KindView, whyNoIncrement } from "./backup-kind.ts";
import { chainTo } from "./wal-chain.ts";

const record = (id: string, parent: string | null = null, changes: Partial<BackupRecord> = {}): BackupRecord => ({
  id,
  timeline: 1,
  beginSegment: 7n,
  beginLsn: "0/7000028",
  endLsn: "0/8000000",
  endMicros: 1n,
  segmentBytes,
  sizeBytes: 1,
  from: "primary",
  parent,
  compression: null,
  summarized: true,
  tablespaces: [],
  ...changes,
});
const chainAt = (timeline: number, history = "") =>
  chainTo(timeline, { segmentBytes, files: [], histories: new Map([[timeline, parseHistory(history)]]) });
const view = (changes: Partial<KindView> = {}): KindView => ({
  wanted: "scheduled",
  every: 3,
  compressing: false,
  failure: null,
  backups: [record("1")],
  keptAlone: [],
  chain: chainAt(1),
  ...changes,
});
const kind = (changes: Partial<KindView> = {}) => decideKind(view(changes));

test("of three scheduled backups one is a full one, and each of the others builds on the one before", () => {
  const backups: BackupRecord[] = [];
  const kinds: string[] = [];
  for (let n = 1; n <= 7; n++) {
    const next = kind({ backups });
    kinds.push(next.kind === "full" ? "full" : `on ${next.parent.id}`);
    backups.push(record(String(n), next.kind === "full" ? null : next.parent.id));
  }
  assert.deepEqual(kinds, ["full", "on 1", "on 2", "full", "on 4", "on 5", "full"]);
});

test("one that is asked for by hand is incremental without BACKUP_INCREMENTAL, and however many there are", () => {
  const backups = [record("1"), record("2", "1"), record("3", "2")];
  assert.equal(kind({ wanted: "incremental", every: 0, backups }).kind, "incremental");
  assert.equal(kind({ wanted: "full", backups }).kind, "full");
});

const full: [string, Partial<KindView>, RegExp][] = [
  ["it is off", { every: 0 }, /BACKUP_INCREMENTAL is 0/],
  ["the last attempt failed", { failure: "the incremental backup failed: x" }, /failed: x/],
  ["backups are compressed", { compressing: true }, /BACKUP_COMPRESSION is set/],
  ["the parent is compressed", { backups: [record("1", null, { compression: "zstd" })] }, /1 is compressed/],
  ["there is no parent", { backups: [] }, /no finished backup/],
  ["the parent has no summaries", { backups: [record("1", null, { summarized: false })] }, /summarize_wal was off/],
  ["there are tablespaces", {
    backups: [record("1", null, { tablespaces: [{ oid: "1", name: "a", location: "/b" }] })],
  }, /tablespaces/],
  ["the timeline is not known", { chain: null }, /not in the history/],
  ["the parent ended after the fork", { chain: chainAt(2, "1\t0/7FFFFFF\tx\n") }, /backup 1 is not in the history/],
  ["the parent is of another branch", { chain: chainAt(3, "2\t0/9000000\tx\n") }, /backup 1 is not in the history/],
  ["the full one is kept alone", { backups: [record("1"), record("2", "1")], keptAlone: ["1"] }, /backup 1 is kept/],
];
for (const [name, changes, because] of full) {
  test(`a full backup is taken where ${name}`, () => {
    const decided = kind(changes);
    assert.equal(decided.kind, "full");
    assert.match(decided.because, because);
  });
}

test("a parent from before a failover will do", () => {
  assert.equal(kind({ chain: chainAt(2, "1\t0/8000000\tx\n") }).kind, "incremental");
});

test("a chain is whole or nothing, also where records name each other", () => {
  assert.deepEqual(chainOf("3", [record("1"), record("2", "1"), record("3", "2")]), ["1", "2", "3"]);
  assert.equal(chainOf("3", [record("2", "1"), record("3", "2")]), null);
  assert.equal(chainOf("2", [record("1", "2"), record("2", "1")]), null);
});

const parent = { id: "1", beginLsn: "0/7000028", endLsn: "0/8000000" };
const ranges = (...pairs: [string, string][]) => pairs.map(([start, end]) => ({ start, end }));

test("a node gives an incremental backup if its summaries reach back to the parent without a gap", () => {
  const why = (...pairs: [string, string][]) => whyNoIncrement({ on: true, ranges: ranges(...pairs) }, parent);
  assert.equal(why(["0/7000000", "0/9000000"]), null);
  assert.equal(why(["0/8000000", "0/9000000"], ["0/6000000", "0/8000000"]), null, "in any order");
  assert.equal(why(["0/6000000", "0/7000028"]), null, "PostgreSQL waits for what comes after");
  assert.match(why() ?? "", /no WAL summaries from 0\/7000028 on/);
  assert.match(why(["0/7000029", "0/9000000"]) ?? "", /from 0\/7000028 to 0\/7000029/);
  assert.match(why(["0/7000000", "0/8000000"], ["0/8000001", "0/9000000"]) ?? "", /from 0\/8000000 to 0\/8000001/);
  assert.match(whyNoIncrement({ on: false, ranges: [] }, parent) ?? "", /summarize_wal off/);
});

test("an incremental backup always builds on one of a whole chain that is shorter than BACKUP_INCREMENTAL", () => {
  const some = fc.array(fc.record({ parent: fc.nat(5), full: fc.boolean(), summarized: fc.boolean() }), {
    maxLength: 6,
  });
  fc.assert(fc.property(some, fc.integer({ min: 2, max: 4 }), (list, every) => {
    const backups = list.map((b, i) =>
      record(String(i), b.full || b.parent >= i ? null : String(b.parent), { summarized: b.summarized })
    );
    const decided = kind({ backups, every });
    assert.notEqual(decided.because, "");
    if (decided.kind === "full") return;
    const built = chainOf(decided.parent.id, backups);
    assert.ok(built !== null && built.length < every);
    assert.ok(backups.find((b) => b.id === decided.parent.id)?.summarized);
  }));
});
