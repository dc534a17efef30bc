// The reason stands in the middle of what psql and initdb print; the last lines are a caret, or the tidying up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonIn } from "./reason.ts";

test("what says why is taken, and not what comes after it", () => {
  const psql =
    'psql:/x/10.sql:2: ERROR:  relation "nope" does not exist\nLINE 1: select * from nope;\n              ^\n';
  assert.equal(reasonIn(psql), 'psql:/x/10.sql:2: ERROR:  relation "nope" does not exist');
  const initdb = "running bootstrap script ... FATAL:  could not write to file: No space left on device\n" +
    "child process exited with exit code 1\ninitdb: removing contents of data directory\n";
  assert.equal(
    reasonIn(initdb),
    "running bootstrap script ... FATAL:  could not write to file: No space left on device",
  );
});

test("without a reason the last lines stay, and nothing is nothing", () => {
  assert.equal(reasonIn("a\nb\n\nc\nd\n"), "b | c | d");
  assert.equal(reasonIn(" \n"), "");
});
