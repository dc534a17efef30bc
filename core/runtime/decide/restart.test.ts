// Restart policy: growing pauses with a bound, a fresh start after a steady life, and "never".
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decideRestart, defaultRestart } from "./restart.ts";

const failure = fc.record({ livedMs: fc.nat(60_000), failures: fc.nat(2000) });

test("a child that must not be restarted is left", () => {
  fc.assert(fc.property(failure, (end) => decideRestart({ ...defaultRestart, restart: "never" }, end).do === "leave"));
});

test("the pause is never below the first nor above the longest", () => {
  fc.assert(fc.property(failure, (end) => {
    const decision = decideRestart(defaultRestart, end);
    assert.ok(decision.do === "restart");
    assert.ok(decision.afterMs >= defaultRestart.firstPauseMs && decision.afterMs <= defaultRestart.maxPauseMs);
  }));
});

test("a child that dies young again and again is restarted after ever longer pauses", () => {
  const pauses: number[] = [];
  for (let failures = 0; pauses.length < 7;) {
    const decision = decideRestart(defaultRestart, { livedMs: 10, failures });
    assert.ok(decision.do === "restart");
    pauses.push(decision.afterMs);
    failures = decision.failures;
  }
  assert.deepEqual(pauses, [200, 400, 800, 1600, 3200, 5000, 5000]);
});

test("a child that lived steadily starts over at the first pause", () => {
  const decision = decideRestart(defaultRestart, { livedMs: defaultRestart.steadyMs, failures: 9 });
  assert.deepEqual(decision, { do: "restart", afterMs: 200, failures: 1 });
});
