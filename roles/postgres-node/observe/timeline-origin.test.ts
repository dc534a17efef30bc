import assert from "node:assert/strict";
import { test } from "node:test";
import { firstRecord } from "./timeline-origin.ts";

test("firstRecord() skips the header of a page and the longer one of a segment", () => {
  const file = "000000020000000000000005";
  assert.deepEqual(firstRecord(2, "0/5000100", 2 ** 24), { file, offset: 0x100, endLsn: "0/5000118" });
  assert.deepEqual(firstRecord(2, "0/5002000", 2 ** 24), { file, offset: 0x2018, endLsn: "0/5002030" });
  assert.deepEqual(firstRecord(2, "0/5000000", 2 ** 24), { file, offset: 40, endLsn: "0/5000040" });
});

test("firstRecord() names no header that is spread over two pages", () => {
  assert.equal(firstRecord(2, "0/5001FF0", 2 ** 24), null);
  assert.deepEqual(firstRecord(2, "0/5001FE8", 2 ** 24)?.offset, 0x1fe8);
});
