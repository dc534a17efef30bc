// Tests of WAL file names.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newestWal, parseWalName, segmentOf, walName } from "./wal-name.ts";

const segmentBytes = 16 * 1024 * 1024;

test("a name and its timeline and segment are two forms of one thing, for every segment size", () => {
  const size = fc.constantFrom(1, 16, 64, 1024).map((mb) => mb * 1024 * 1024);
  const timeline = fc.integer({ min: 1, max: 0x7fffffff });
  fc.assert(fc.property(size, timeline, fc.bigInt({ min: 0n, max: (1n << 34n) - 1n }), (bytes, tli, n) => {
    const segment = n % (0x100000000n / BigInt(bytes) * 0x100000000n);
    const parsed = parseWalName(walName(tli, segment, bytes), bytes);
    return parsed !== null && parsed.timeline === tli && parsed.segment === segment && !parsed.partial;
  }));
});

test("other names are not those of WAL files", () => {
  for (const name of ["00000002.history", "x", "000000010000000000000001.tmp", "0000000100000000000001FF"]) {
    assert.equal(parseWalName(name, segmentBytes), null, name);
  }
});

test("the newest is what pg_receivewal takes for it", () => {
  const files = ["000000010000000000000007.partial", "000000020000000000000007", "000000020000000000000006"]
    .map((n) => parseWalName(n, segmentBytes)!);
  assert.equal(newestWal(files)?.name, "000000020000000000000007");
});

test("an LSN lies in its segment", () => {
  assert.equal(segmentOf("0/7030E18", segmentBytes), 7n);
  assert.equal(segmentOf("1/0", segmentBytes), 256n);
});
