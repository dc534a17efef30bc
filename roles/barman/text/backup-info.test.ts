// barman's record of a backup is read, or refused by what it lacks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBackupInfo } from "./backup-info.ts";

const text = [
  "backup_label='START WAL LOCATION: 0/6000028\\nBACKUP METHOD: streamed\\nBACKUP FROM: standby\\nSTART TIMELINE: 1\\n'",
  "begin_xlog=0/7000028",
  "begin_wal=000000010000000000000007",
  "end_time=2026-11-27 18:38:48.791979+00:00",
  "end_xlog=0/8000000",
  "error=None",
  "size=33583104",
  "status=DONE",
  "timeline=1",
  "xlog_segment_size=16777216",
  "",
].join("\n");

test("a finished backup is read", () => {
  assert.deepEqual(parseBackupInfo("x", text), {
    id: "x",
    timeline: 1,
    beginSegment: 7n,
    endLsn: "0/8000000",
    endMicros: BigInt(Date.parse("2026-11-27T18:38:48Z")) * 1000n + 791_979n,
    segmentBytes: 16777216,
    sizeBytes: 33583104,
    from: "standby",
    beginLsn: "0/7000028",
    parent: null,
    compression: null,
    summarized: false,
    tablespaces: [],
  });
  assert.equal(parseBackupInfo("x", text.replace("FROM: standby", "FROM: primary"))?.from, "primary");
  assert.equal(parseBackupInfo("x", text.replace("BACKUP FROM", ""))?.from, null);
});

test("tablespaces are read with odd names, and what cannot be read is an error", () => {
  const of = (said: string) => parseBackupInfo("x", `${text}tablespaces=${said}\n`)?.tablespaces;
  assert.deepEqual(of("None"), []);
  assert.deepEqual(of("[('fast', 16449, '/spaces/fast')]"), [{ oid: "16449", name: "fast", location: "/spaces/fast" }]);
  assert.deepEqual(of(`[('a, b', 1, '/x y'), ("it's", 2, '/a\\\\b')]`), [
    { oid: "1", name: "a, b", location: "/x y" },
    { oid: "2", name: "it's", location: "/a\\b" },
  ]);
  assert.throws(() => of("[Tablespace(fast)]"), /tablespaces of a backup cannot be read/);
});

test("one that is not finished is none, and one without its WAL is an error that names what is missing", () => {
  assert.equal(parseBackupInfo("x", text.replace("DONE", "WAITING_FOR_WALS")), null);
  assert.throws(
    () => parseBackupInfo("x", text.replace("end_xlog=0/8000000", "end_xlog=None")),
    /backup x has no end_xlog/,
  );
  assert.throws(() => parseBackupInfo("x", text.replace("begin_wal=0", "begin_wal=z")), /no WAL file in begin_wal/);
});

test("a compressed backup counts as large as the cluster; one that cannot be unpacked here is an error", () => {
  const of = (word: string) => parseBackupInfo("x", `${text}cluster_size=46660215\ncompression=${word}\n`);
  assert.deepEqual([of("zstd")?.compression, of("zstd")?.sizeBytes], ["zstd", 46660215]);
  assert.deepEqual([of("None")?.compression, of("None")?.sizeBytes], [null, 33583104]);
  assert.throws(() => of("lz4"), /backup x is compressed with lz4, which cannot be unpacked here/);
});

test("an incremental backup names its parent, and counts as large as the cluster, which it becomes when it is combined", () => {
  const more =
    "cluster_size=46660215\nparent_backup_id=20261127T183846\nsummarize_wal=on\ntablespaces=[('a', 1, '/b')]\n";
  const { parent, sizeBytes, summarized, tablespaces } = parseBackupInfo("x", text + more)!;
  assert.deepEqual([parent, sizeBytes, summarized, tablespaces.length], ["20261127T183846", 46660215, true, 1]);
  assert.equal(parseBackupInfo("x", `${text}parent_backup_id=None\ncluster_size=1\n`)?.sizeBytes, 33583104);
});
