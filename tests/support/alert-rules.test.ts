// The rules in a hurry are the same rules with shorter times, and limits that are no longer there are an error.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hurried, type Rule } from "./alert-rules.ts";

const of = (rule: Rule) => hurried({ groups: [{ name: "g", rules: [rule] }] }).groups[0]!.rules[0]!;

test("times are shorter, but not below some scrapes", () => {
  assert.deepEqual(of({ alert: "A", expr: "increase(a[20m]) > 0", for: "10m" }), {
    alert: "A",
    expr: "increase(a[10s]) > 0",
    for: "5s",
  });
  assert.deepEqual(of({ alert: "A", expr: "increase(a[1m])", for: "20s" }), {
    alert: "A",
    expr: "increase(a[5s])",
    for: "1s",
  });
  assert.deepEqual(of({ alert: "A", expr: "a" }), { alert: "A", expr: "a" });
});

test("a limit out of reach is replaced, and has to be there", () => {
  assert.equal(of({ alert: "PostDockLongTransaction", expr: "a > 3600" }).expr, "a > 10");
  assert.throws(() => of({ alert: "PostDockLongTransaction", expr: "a > 1800" }), /does not have > 3600/);
});
