// Why a run failed stands between two headings of Deno's report, or in the last lines of what has no report.
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorsOf, lastLines, onlyLate } from "./failures.ts";

const report = `a moment is restored ... FAILED (1m22s)

 ERRORS 

a moment is restored => ./tests/scenarios/a.test.ts:48:1
error: AssertionError: 2 is not 3

 FAILURES 

a moment is restored => ./tests/scenarios/a.test.ts:48:1

FAILED | 1 passed | 1 failed (2m24s)
`;

test("the errors of a report stand between its headings", () => {
  const error = "a moment is restored => ./tests/scenarios/a.test.ts:48:1\nerror: AssertionError: 2 is not 3";
  assert.equal(errorsOf(report), error);
  assert.equal(errorsOf(report.split(" FAILURES ")[0]!), error, "a run that was cut off");
});

test("without a report the last lines say why", () => {
  assert.equal(errorsOf("a\nerror: Module not found\n"), "a\nerror: Module not found");
  assert.equal(errorsOf(Array.from({ length: 30 }, (_, i) => `line ${i}`).join("\n")).split("\n").length, 20);
});

test("the last lines of a log leave out what children print", () => {
  assert.equal(lastLines('{"event":"A"}\n{"event":"Output"}\n{"event":"B"}\n', 2), '{"event":"A"}\n{"event":"B"}');
  assert.equal(lastLines("a\nb\nc", 2), "b\nc");
});

test("what came too late may be the machine's doing; a wrong value never is", () => {
  const late =
    "a => ./a.test.ts:1:1\nerror: OperatorError: Gave up waiting for pg1 to lead after 60 s. Why: nothing seen";
  const gap = "error: AssertionError: killed: 60 writes acknowledged, 0 missing: longer than 10 s without a write";
  assert.equal(onlyLate(late), true);
  assert.equal(onlyLate(`${late}\n${gap}`), true);
  assert.equal(onlyLate(`${late}\nerror: AssertionError: 'pg3' is not 'pg1'`), false);
  assert.equal(onlyLate("error: AssertionError: acknowledged writes are lost"), false);
  assert.equal(onlyLate("the process was killed"), false, "without a report nobody knows");
});
