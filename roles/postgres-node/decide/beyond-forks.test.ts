// Which WAL files a rewind leaves behind that no start may read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { beyondForks } from "./beyond-forks.ts";

const segment = 16 * 1024 * 1024;
const history = [{ timeline: 1, endLsn: "0/3000090" }, { timeline: 2, endLsn: "0/5000000" }];

test("an ancestor's file goes from the segment on in which its child begins; the child's and older ones stay", () => {
  const names = [
    "000000010000000000000002",
    "000000010000000000000003",
    "000000010000000000000004",
    "000000010000000000000003.partial",
    "000000020000000000000003",
    "000000020000000000000004",
    "000000020000000000000005",
    "000000030000000000000005",
    "000000040000000000000009",
    "00000003.history",
    "archive_status",
  ];
  assert.deepEqual(beyondForks(names, history, segment), [
    "000000010000000000000003",
    "000000010000000000000004",
    "000000010000000000000003.partial",
    "000000020000000000000005",
  ]);
});
