// No acknowledged write is missing on a leader, one server at a time acknowledges, and every cluster heals. Each rule that is
// left out breaks one of these promises.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runHiddenPrimary } from "./data/hidden-primary.ts";
import { runLateOrder } from "./data/late-order.ts";
import { kindOf, runData, searchData } from "./data/run.ts";
import { plantedFaults, trueRules } from "./data/rules.ts";

/** Worlds of each kind and mode, with every rule. */
const worlds = 1_000;
/** A planted fault is found within so many worlds. */
const plantedWorlds = 20;

// the long searches run here and not in tests: Bun ends a test after 5 s, even on a busy machine
const sound = searchData({ seed: 1, worlds });
const planted = plantedFaults.map((fault) => ({
  ...fault,
  found: searchData({ seed: fault.seed, worlds: plantedWorlds, rules: fault.rules, breaks: fault.breaks }),
}));

test("data: with every rule no acknowledged write is lost, and every cluster heals", () => {
  assert.equal(sound.broken, null);
  assert.ok(sound.led > 5 * worlds, `only ${sound.led} leaderships: nothing was tried`);
  assert.ok(sound.acknowledgements > 50 * worlds, `only ${sound.acknowledgements} acknowledgements`);
});

for (const { name, found } of planted) {
  test(`data: it finds the fault "${name}"`, () => {
    assert.ok(found.broken, "not found");
    const again = runData(found.broken.seed, kindOf(found.broken.seed), trueRules);
    assert.equal(again.broken, null, "the true rules survive what broke the changed ones");
  });
}

test("data: an order to take over that comes after another leadership loses nothing, and would without its rule", () => {
  const seeds = Array.from({ length: 5 }, (_, i) => i + 1);
  assert.deepEqual(seeds.map((seed) => runLateOrder(seed, trueRules)), seeds.map(() => null));
  const unbound = seeds.map((seed) => runLateOrder(seed, { ...trueRules, boundOrders: false }));
  assert.ok(unbound.some((because) => /without \d+ acknowledged writes/.test(because ?? "")), unbound.join());
});

test("data: a force that ends while a majority goes on that it could not see loses nothing, and would without its rules", () => {
  const seeds = Array.from({ length: 5 }, (_, i) => i + 1);
  assert.deepEqual(seeds.map((seed) => runHiddenPrimary(seed, trueRules)), seeds.map(() => null));
  for (const rule of ["forceSeesPrimary", "forceOutranked"] as const) {
    const broken = seeds.map((seed) => runHiddenPrimary(seed, { ...trueRules, [rule]: false }));
    assert.ok(broken.some((because) => /without \d+ acknowledged writes/.test(because ?? "")), broken.join());
  }
});

test("data: the same seed gives the same run", () => {
  assert.deepEqual(runData(7, kindOf(7)), runData(7, kindOf(7)));
});
