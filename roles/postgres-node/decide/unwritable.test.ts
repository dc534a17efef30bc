import assert from "node:assert/strict";
import { test } from "node:test";
import { notOurs, unwritable } from "./unwritable.ts";

const refused = (code: string) => Object.assign(new Error(`${code}: refused, open '/data/x'`), { code });
const seen = (owner: number | null) => ({ pgdata: "/data", owner, uid: 999 });

test("a full volume, or a quota that is used up, does not end the node: it is a voter", () => {
  for (const code of ["ENOSPC", "EDQUOT"]) {
    assert.equal(unwritable(seen(999), refused(code)), null);
    assert.match(unwritable(seen(null), refused(code))!.message, /volume is full.*greater quota/);
  }
});

test("a directory that nobody may write to ends it, with the owner that it needs", () => {
  for (const code of ["EACCES", "EROFS", "EPERM"]) {
    const error = unwritable(seen(999), refused(code))!;
    assert.match(error.message, /\/data cannot be written to: E.*to uid 999/);
    assert.equal(error.exitCode, 78);
  }
});

test("a directory of another owner, which may not be changed, is named with both owners and what to type", () => {
  const fix =
    /\/data belongs to uid 5000.*uid 999.*`chown -R 999:0 DIRECTORY`.*user: "5000:0".*PGDATA .*\/data\/pgdata/;
  for (const code of ["EACCES", "EPERM"]) assert.match(unwritable(seen(5000), refused(code))!.message, fix);
  assert.match(unwritable(seen(5000), refused("EROFS"))!.message, /cannot be written to/);
  const inside = notOurs({ pgdata: "/data", path: "/data/PG_VERSION", owner: 5000, uid: 12345 });
  assert.match(inside.message, /\/data\/PG_VERSION belongs to uid 5000.*uid 12345/);
  assert.equal(inside.exitCode, 78);
});
