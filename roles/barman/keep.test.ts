// Which backup an operator means, and what can be kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatorError } from "../../core/words/errors.ts";
import { backupOf, whyNotKept } from "./keep.ts";

const backup = (id: string, status = "DONE") => ({ id, status, retention: null, sizeBytes: 1, endSeconds: 1 });
const all = [backup("20260101T000000"), backup("20260102T000000"), backup("20260103T000000", "FAILED")];

const refused = (name: string, from: typeof all, what: RegExp, fix: RegExp, code: number) =>
  assert.throws(() => backupOf(name, from), (error) => {
    assert.ok(error instanceof OperatorError);
    assert.match(error.what, what);
    assert.match(error.fix, fix);
    assert.equal(error.exitCode, code);
    return true;
  });

test("a backup is found by its id, and the newest whole one as latest", () => {
  assert.equal(backupOf("20260101T000000", all).id, "20260101T000000");
  assert.equal(backupOf("latest", all).id, "20260102T000000");
});

test("a backup that does not exist, or is not whole, is refused with those that can be given", () => {
  refused("2020", all, /no backup 2020/, /20260101T000000, 20260102T000000, or latest/, 64);
  refused("20260103T000000", all, /is FAILED/, /or latest/, 77);
  refused("latest", [], /no backup latest/, /take a backup first/, 64);
});

test("what builds on others, or is built on, is kept with all of them", () => {
  const all = [{ id: "1", parent: null }, { id: "2", parent: "1" }, { id: "3", parent: null }];
  assert.match(whyNotKept("2", "full", all)?.fix ?? "", /keep 1 --full/);
  assert.match(whyNotKept("1", "standalone", all)?.fix ?? "", /keep 1 --full/);
  assert.equal(whyNotKept("1", "full", all), null);
  assert.equal(whyNotKept("3", "standalone", all), null);
});
