import assert from "node:assert/strict";
import { test } from "node:test";
import { unwritable } from "./unwritable.ts";

const refused = (code: string) => Object.assign(new Error(`${code}: refused, open '/data/x'`), { code });

test("a full volume, or a quota that is used up, does not end the node: it is a voter", () => {
  for (const code of ["ENOSPC", "EDQUOT"]) {
    assert.equal(unwritable("/data", refused(code), true), null);
    assert.match(unwritable("/data", refused(code), false)!.message, /volume is full.*greater quota/);
  }
});

test("a directory that nobody may write to ends it, with the owner that it needs", () => {
  for (const code of ["EACCES", "EROFS", "EPERM"]) {
    const error = unwritable("/data", refused(code), true)!;
    assert.match(error.message, /\/data cannot be written to: E.*to uid 999/);
    assert.equal(error.exitCode, 78);
  }
});
