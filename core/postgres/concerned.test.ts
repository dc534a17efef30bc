import assert from "node:assert/strict";
import { test } from "node:test";
import { concerned } from "./concerned.ts";
import { remedyFor } from "./remedy.ts";

const fixOf = (message: string) => remedyFor(message, concerned(message, { host: "pg2" }, "pg1"));

test("what the source of a clone says of its own files is mended there, everything else here", () => {
  const ofSource = [
    'pg_basebackup: error: could not get COPY data stream: ERROR:  could not open file "./root-file": Permission denied',
    'pg_basebackup: error: backup failed: ERROR:  could not open directory "./mine": Permission denied',
  ];
  for (const message of ofSource) assert.match(fixOf(message)!, /on the volume of pg1, give it to uid 999/, message);
  const full = "could not send replication command: ERROR:  could not write to file: No space left on device";
  assert.match(fixOf(full)!, /volume of pg1/);
  assert.match(
    fixOf('pg_basebackup: error: could not create file "base/1": No space left on device')!,
    /volume of pg2/,
  );
  assert.match(fixOf('pg_basebackup: error: could not open directory "incoming": Permission denied')!, /of pg2/);
  assert.match(fixOf("ERROR:  requested WAL segment 000000020000000000000007 has already been removed")!, /reinit pg2/);
  assert.deepEqual(concerned(ofSource[0]!, { host: "pg2" }, null), { host: "pg2" });
});
