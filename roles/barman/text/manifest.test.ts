// The manifest says how large each tablespace of a compressed backup is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tablespaceBytes } from "./manifest.ts";

test("the files of each tablespace are summed up, and no others", () => {
  const Files = [
    { Path: "PG_VERSION", Size: 3 },
    { Path: "pg_tblspc/16385/PG_17_202406281/5/1", Size: 10 },
    { Path: "pg_tblspc/16386/PG_17_202406281/5/2", Size: 100 },
    { Path: "pg_tblspc/16385/PG_17_202406281/5/3", Size: 1000 },
    { "Encoded-Path": "ff", Size: 7 },
  ];
  const bytes = tablespaceBytes(JSON.stringify({ "PostgreSQL-Backup-Manifest-Version": 2, Files }));
  assert.deepEqual([...bytes], [["16385", 1010], ["16386", 100]]);
  assert.throws(() => tablespaceBytes("{}"), /Files/);
});
