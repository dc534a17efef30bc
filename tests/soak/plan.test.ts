import assert from "node:assert/strict";
import { test } from "node:test";
import { actKinds, mayLose, nextAct, seeded } from "./plan.ts";

const seen = { primary: "a", first: ["a", "b", "c"], second: ["d", "e"] };
const acts = (seed: number, count: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => nextAct(seen, random));
};

test("the same seed gives the same acts, another seed others", () => {
  assert.deepEqual(acts(7, 50), acts(7, 50));
  assert.notDeepEqual(acts(7, 50), acts(8, 50));
});

test("every kind of act occurs, on the primary and on standbys, alone and in pairs", () => {
  const many = acts(1, 500);
  assert.deepEqual(new Set(many.map((a) => a.kind)), new Set(actKinds));
  assert.ok(many.some((a) => a.targets.length === 1 && a.targets[0] === "a"));
  assert.ok(many.some((a) => a.targets.length === 1 && a.targets[0] !== "a"));
  assert.ok(many.some((a) => a.targets.length === 2));
});

test("the primary's volume is never wiped, and no act takes two nodes of the first level for good", () => {
  for (const act of acts(2, 500)) {
    if (act.kind === "wipe") assert.ok(!act.targets.includes("a"));
    assert.ok(act.lastsMs > 0 && act.lastsMs < 15_000);
    assert.equal(new Set(act.targets).size, act.targets.length);
  }
});

test("only a primary that ends without a hand-over may lose writes", () => {
  assert.equal(mayLose({ kind: "kill", targets: ["a"], lastsMs: 1 }, "a"), true);
  assert.equal(mayLose({ kind: "stop", targets: ["a"], lastsMs: 1 }, "a"), false);
  assert.equal(mayLose({ kind: "kill", targets: ["b"], lastsMs: 1 }, "a"), false);
});
