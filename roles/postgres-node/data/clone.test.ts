// Tests of what a clone that failed says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fixOfCopy } from "./clone.ts";

const nodes = { from: "pg2", to: "pg1" };

test("what pg_basebackup may not read is on the node that is copied, what it may not write is here", () => {
  const theirs = 'error: could not get COPY data: ERROR:  could not open directory "./.snapshot": Permission denied';
  assert.match(fixOfCopy(theirs, nodes), /on the volume of pg2, .*uid 999.* or move it/);
  const ours = 'pg_basebackup: error: could not open file "/data/x": Permission denied';
  assert.match(fixOfCopy(ours, nodes), /on the volume of pg1/);
  assert.match(fixOfCopy("it hiccuped", nodes), /wait for the next attempt/);
});
