// pg_waldump's lines as PostgreSQL 17.12 prints them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEnd, parseMark } from "./waldump.ts";

const line = (rmgr: string, tx: number, lsn: string, desc: string) =>
  `rmgr: ${rmgr.padEnd(11)} len (rec/tot):     34/    34, tx: ${String(tx).padStart(10)}, lsn: ${lsn}, ` +
  `prev 0/0BA784A0, desc: ${desc}`;
const atMicros = BigInt(Date.parse("2026-11-27T20:50:09Z")) * 1000n + 635_169n;

test("commits, prepared ones too, and restore points are read", () => {
  const commit = { kind: "commit", lsn: "0/BA784E8", xid: 32031, atMicros, name: "" };
  const at = "2026-11-27 20:50:09.635169 UTC";
  assert.deepEqual(parseMark(line("Transaction", 32031, "0/0BA784E8", `COMMIT ${at}`)), commit);
  assert.deepEqual(parseMark(line("Transaction", 32031, "0/0BA784E8", `COMMIT ${at}; rels: base/5/16385`)), commit);
  assert.deepEqual(parseMark(line("Transaction", 0, "0/0BA784E8", `COMMIT_PREPARED 32031: ${at}`)), commit);
  assert.deepEqual(parseMark(line("XLOG", 0, "1/00000028", "RESTORE_POINT before the change")), {
    kind: "restore-point",
    lsn: "1/28",
    xid: 0,
    atMicros: 0n,
    name: "before the change",
  });
});

test("other records are none", () => {
  assert.equal(parseMark(line("Transaction", 7, "0/0BA784E8", "ABORT 2026-11-27 20:50:09.635169 UTC")), null);
  assert.equal(
    parseMark(line("XLOG", 0, "0/0BA784E8", "FPI_FOR_HINT , blkref #0: rel 1663/16385/16456 blk 4 FPW")),
    null,
  );
  assert.equal(parseMark("pg_waldump: error: invalid record length at 0/BA785D8"), null);
});

test("the end of the last valid record is read", () => {
  assert.equal(parseEnd("WAL statistics between 0/B000028 and 0/BA785D8:\nType\n"), "0/BA785D8");
  assert.equal(parseEnd(""), null);
});
