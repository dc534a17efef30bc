import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFault, type FaultKind, mayLose } from "./fault.ts";

test("an orderly stop, pgpool's own faults and faults of standbys explain no loss", () => {
  const of = (kind: FaultKind, targets: string[], from: string[] = []) =>
    mayLose({ kind, targets, from, lastsMs: 1 }, "a");
  assert.equal(of("kill", ["a"]), true);
  assert.equal(of("pair", ["b"], ["a"]), true);
  assert.equal(of("stop", ["a"]), false);
  assert.equal(of("pool-cut", ["pgpool"], ["a"]), false);
  assert.equal(of("freeze-pool-sessions", ["pgpool"]), false);
  assert.equal(of("observers", ["pgpool", "backup"], ["a", "b"]), false);
  assert.equal(of("kill", ["b"]), false);
});

test("the words of a fault name both of its sides", () => {
  const fault = { kind: "pair" as const, targets: ["b"], from: ["a"], lastsMs: 4_000 };
  assert.equal(describeFault(fault, "a"), "pair b from a (primary) for 4 s");
  const kill = { kind: "kill" as const, targets: ["a"], from: [], lastsMs: 2_000 };
  const two = { kind: "freeze" as const, targets: ["b"], from: [], lastsMs: 4_000, second: kill };
  assert.equal(describeFault(two, "a"), "freeze b for 4 s, then kill a (primary) for 2 s");
  const step = { kind: "clock" as const, targets: ["a"], from: [], lastsMs: 4_000, stepSeconds: -90 };
  assert.equal(describeFault(step, "a"), "clock a (primary) by -90 s for 4 s");
});
