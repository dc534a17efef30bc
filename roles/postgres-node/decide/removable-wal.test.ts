import assert from "node:assert/strict";
import { test } from "node:test";
import { isRecycled, recoveryNeeds, removableWal } from "./removable-wal.ts";

const MB = 1024 * 1024;
const files = [
  "000000020000000000000004",
  "000000010000000000000002",
  "000000010000000000000003.partial",
  "000000020000000000000005",
  "000000020000000000000006",
  "00000002.history",
  "archive_status",
];

test("only WAL before the start of the recovery can go, and never what waits for the archive", () => {
  const view = { files, archiveStatus: [], redoLsn: "0/5000028", segmentBytes: 16 * MB };
  assert.deepEqual(removableWal(view), [
    "000000010000000000000002",
    "000000010000000000000003.partial",
    "000000020000000000000004",
  ]);
  assert.deepEqual(removableWal({ ...view, archiveStatus: ["000000020000000000000004.ready", "x.done"] }), [
    "000000010000000000000002",
    "000000010000000000000003.partial",
  ]);
  assert.deepEqual(removableWal({ ...view, redoLsn: "0/2000028" }), []);
});

test("a file whose first page has the address of another one holds no WAL of its own", () => {
  const header = Buffer.alloc(16);
  header.writeBigUInt64LE(0x5000000n, 8);
  assert.equal(isRecycled("000000020000000000000005", header, 16 * MB), false);
  assert.equal(isRecycled("000000020000000000000009", header, 16 * MB), true);
  assert.equal(isRecycled("000000020000000000000009", Buffer.alloc(0), 16 * MB), true, "never written");
  assert.equal(isRecycled("000000020000000000000009.partial", header, 16 * MB), false);
});

test("a recovery needs as much as the WAL that it replays, and a file more", () => {
  assert.equal(recoveryNeeds({ files, redoLsn: "0/5000028", segmentBytes: 16 * MB }), 3 * 16 * MB);
  assert.equal(recoveryNeeds({ files: [], redoLsn: "0/5000028", segmentBytes: 16 * MB }), 16 * MB);
});
