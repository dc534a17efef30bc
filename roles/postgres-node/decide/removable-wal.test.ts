import assert from "node:assert/strict";
import { test } from "node:test";
import { removableWal } from "./removable-wal.ts";

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
