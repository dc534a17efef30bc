import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../soak/plan.ts";
import { describeFault, faultKinds, faultOf, isCut, mayLose, nextFault, type Seen } from "./plan.ts";

const seen: Seen = { primary: "a", first: ["a", "b", "c"], second: ["d", "e"], others: ["pgpool", "backup"] };
const faults = (seed: number, count: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => nextFault(seen, random));
};

test("the same seed gives the same faults, another seed others", () => {
  assert.deepEqual(faults(7, 50), faults(7, 50));
  assert.notDeepEqual(faults(7, 50), faults(8, 50));
});

test("every kind comes, and its sides never overlap", () => {
  const many = faults(1, 600);
  assert.deepEqual(new Set(many.map((f) => f.kind)), new Set(faultKinds));
  for (const fault of many) {
    assert.ok(fault.targets.length > 0 && fault.lastsMs >= 2_000 && fault.lastsMs <= 12_000);
    assert.equal(fault.from.length > 0, isCut(fault.kind), fault.kind);
    assert.deepEqual(fault.targets.filter((t) => fault.from.includes(t)), []);
    const { second } = fault;
    if (second) assert.ok(second.targets.every((t) => !fault.targets.includes(t)) && second.lastsMs < fault.lastsMs);
  }
  assert.ok(many.some((f) => f.second?.kind === "kill" && f.kind === "freeze-postmaster"), "two at once come too");
});

test("a minority holds one voter and the primary, a majority two", () => {
  const voters = (kind: "minority" | "majority") =>
    faultOf(kind, seen, seeded(3)).targets.filter((t) => seen.first.includes(t));
  assert.deepEqual(voters("minority"), ["a"]);
  assert.equal(voters("majority").length, 2);
  const five = faultOf("majority", { ...seen, observers: ["pgpool", "backup"] }, seeded(3));
  assert.equal(five.targets.length, 3, "three of five voters");
});

test("a clock is stepped forwards and backwards, never further than two nodes may differ", () => {
  const random = seeded(5);
  const steps = Array.from({ length: 200 }, () => faultOf("clock", seen, random).stepSeconds!);
  assert.ok(steps.some((s) => s > 300) && steps.some((s) => s < -300));
  assert.ok(steps.every((s) => s !== 0 && Math.abs(s) < 900));
});

test("an orderly stop, pgpool's own faults and faults of standbys explain no loss", () => {
  const of = (kind: typeof faultKinds[number], targets: string[], from: string[] = []) =>
    mayLose({ kind, targets, from, lastsMs: 1 }, "a");
  assert.equal(of("kill", ["a"]), true);
  assert.equal(of("pair", ["b"], ["a"]), true);
  assert.equal(of("stop", ["a"]), false);
  assert.equal(of("pool-cut", ["pgpool"], ["a"]), false);
  assert.equal(of("freeze-pool-sessions", ["pgpool"]), false);
  assert.equal(of("observers", ["pgpool", "backup"], ["a", "b"]), false);
  assert.equal(of("kill", ["b"]), false);
});

test("a fault is told with its sides", () => {
  const fault = { kind: "pair" as const, targets: ["b"], from: ["a"], lastsMs: 4_000 };
  assert.equal(describeFault(fault, "a"), "pair b from a (primary) for 4 s");
  const kill = { kind: "kill" as const, targets: ["a"], from: [], lastsMs: 2_000 };
  const two = { kind: "freeze" as const, targets: ["b"], from: [], lastsMs: 4_000, second: kill };
  assert.equal(describeFault(two, "a"), "freeze b for 4 s, then kill a (primary) for 2 s");
  const step = { kind: "clock" as const, targets: ["a"], from: [], lastsMs: 4_000, stepSeconds: -90 };
  assert.equal(describeFault(step, "a"), "clock a (primary) by -90 s for 4 s");
});
