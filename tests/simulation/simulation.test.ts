// The rules of the lease in a simulated world: never two holders, a holder again soon, and every planted fault shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { trueRules } from "./rules.ts";
import { search, searchPlanted } from "./search.ts";
import { runWorld, worldSteps } from "./world.ts";

const seed = 1;
const planted = searchPlanted(seed);

for (const { name, world, steps, broken } of planted) {
  test(`simulation: it shows where ${name}`, () => {
    assert.ok(broken, `not found in ${steps} steps`);
    const again = runWorld(broken.seed, world, trueRules, worldSteps);
    assert.equal(again.broken, null, "the true rules survive what broke the changed ones");
  });
}

for (const kind of new Set(planted.map((p) => p.world))) {
  test(`simulation: the true rules survive all worlds that were searched (${kind})`, () => {
    const last = Math.max(...planted.filter((p) => p.world === kind).map((p) => p.nextSeed));
    const { broken, begun } = search({ seed, steps: (last - seed) * worldSteps, kind });
    assert.equal(broken, null);
    assert.ok(begun > 0, "somebody held the lease");
  });
}

test("simulation: a rolling change of the electorate keeps every promise", () => {
  assert.equal(search({ seed, steps: 300_000, kind: "rolling" }).broken, null);
});

test("simulation: the same seed gives the same run", () => {
  const one = search({ seed: 7, steps: 20_000 });
  assert.deepEqual(search({ seed: 7, steps: 20_000 }), one);
});
