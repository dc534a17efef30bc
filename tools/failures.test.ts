// Why a run failed stands between two headings of Deno's report, or in the last lines of what has no report.
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorsOf, lastLines } from "./failures.ts";

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
