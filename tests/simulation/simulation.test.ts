// The rules of the lease in a simulated world: never two holders, soon a holder again, and every planted fault is found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { trueRules, type WorldKind, worldKinds } from "./rules.ts";
import { search, searchPlanted } from "./search.ts";
import { runWorld, worldSteps } from "./world.ts";

// any seed would do; with this one every planted fault is found early
const seed = 1_601;
/** The least number of steps for each kind of world. */
const leastSteps = 100_000;
// the long searches run here and not in tests: Bun ends a test after 5 s, even on a busy machine
const planted = searchPlanted(seed);
const searched = (kind: WorldKind) =>
  Math.max(leastSteps / worldSteps, ...planted.filter((p) => p.world === kind).map((p) => p.nextSeed - seed));
const trueRuns = worldKinds.map((kind) => ({ kind, ...search({ seed, steps: searched(kind) * worldSteps, kind }) }));

for (const { name, world, steps, broken } of planted) {
  test(`simulation: it finds the fault "${name}"`, () => {
    assert.ok(broken, `not found in ${steps} steps`);
    const again = runWorld(broken.seed, world, trueRules, worldSteps);
    assert.equal(again.broken, null, "the true rules survive what broke the changed ones");
  });
}

for (const { kind, broken, begun } of trueRuns) {
  test(`simulation: the true rules keep every promise in all searched worlds (${kind})`, () => {
    assert.equal(broken, null);
    assert.ok(begun > 0, "there was a holder");
  });
}

test("simulation: two claimants that share only some voters do not keep each other from the lease", () => {
  // each of the two had an attempt under way that could not succeed whenever the other one began
  for (const seed of [900_026, 900_920, 901_115]) {
    assert.equal(runWorld(seed, "two-extras", trueRules, worldSteps).broken, null, `seed ${seed}`);
  }
});

test("simulation: the same seed gives the same run", () => {
  const one = search({ seed: 7, steps: 20_000 });
  assert.deepEqual(search({ seed: 7, steps: 20_000 }), one);
});
