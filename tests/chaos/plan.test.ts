import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../soak/plan.ts";
import { faultKinds, isCut, type Seen } from "../support/faults/fault.ts";
import { faultOf, nextFault } from "./plan.ts";

const seen: Seen = { primary: "a", first: ["a", "b", "c"], second: ["d", "e"], others: ["pgpool", "backup"] };
const faults = (seed: number, count: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => nextFault(seen, random));
};

test("the same seed gives the same faults, another seed others", () => {
  assert.deepEqual(faults(7, 50), faults(7, 50));
  assert.notDeepEqual(faults(7, 50), faults(8, 50));
});

test("every kind occurs, and the two sides of a fault never overlap", () => {
  const many = faults(1, 600);
  assert.deepEqual(new Set(many.map((f) => f.kind)), new Set(faultKinds));
  const held = many.filter((f) => f.kind === "hold-down");
  assert.ok(held.length > 60 && held.every((f) => f.steps!.length > 0), "nodes are held down in some of them");
  for (const fault of many.filter((f) => f.kind !== "hold-down")) {
    assert.equal(fault.steps, undefined);
    assert.ok(fault.targets.length > 0 && fault.lastsMs >= 2_000 && fault.lastsMs <= 12_000);
    assert.equal(fault.from.length > 0, isCut(fault.kind), fault.kind);
    assert.deepEqual(fault.targets.filter((t) => fault.from.includes(t)), []);
    const { second } = fault;
    if (second) assert.ok(second.targets.every((t) => !fault.targets.includes(t)) && second.lastsMs < fault.lastsMs);
  }
  assert.ok(many.some((f) => f.second?.kind === "kill" && f.kind === "freeze-postmaster"), "two at once come too");
});

test("a minority is one voter and the primary, a majority has two voters", () => {
  const voters = (kind: "minority" | "majority") =>
    faultOf(kind, seen, seeded(3)).targets.filter((t) => seen.first.includes(t));
  assert.deepEqual(voters("minority"), ["a"]);
  assert.equal(voters("majority").length, 2);
  const five = faultOf("majority", { ...seen, observers: ["pgpool", "backup"] }, seeded(3));
  assert.equal(five.targets.length, 3, "three of five voters");
});

test("a clock steps forwards and backwards, never further than two nodes may differ", () => {
  const random = seeded(5);
  const steps = Array.from({ length: 200 }, () => faultOf("clock", seen, random).stepSeconds!);
  assert.ok(steps.some((s) => s > 300) && steps.some((s) => s < -300));
  assert.ok(steps.every((s) => s !== 0 && Math.abs(s) < 900));
});
