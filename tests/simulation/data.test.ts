// No acknowledged write is missing on a leader, and the cluster heals; and each rule, left out, loses writes or its cluster.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runData } from "./data.ts";
import { type DataRules, trueRules } from "./data-views.ts";
import { Random } from "./random.ts";

const steps = 1_000;

/** The first seed whose world breaks, and how; null if none does. */
function firstBroken(rules: DataRules, seeds: number): { seed: number; because: string } | null {
  for (let seed = 1; seed <= seeds; seed++) {
    const { broken } = runData(new Random(seed), rules, steps);
    if (broken !== null) return { seed, because: broken };
  }
  return null;
}

test("with epochs no acknowledged write is lost, and every cluster heals", () => {
  assert.equal(firstBroken(trueRules, 300), null);
  let led = 0;
  for (let seed = 1; seed <= 20; seed++) led += runData(new Random(seed), trueRules, steps).led;
  assert.ok(led > 100, `only ${led} leaderships in 20 worlds: nothing was tried`);
});

for (const rule of ["epochs", "durable", "counted", "ownEpoch"] as const) {
  test(`planted fault: without the rule "${rule}" a world breaks`, () => {
    const found = firstBroken({ ...trueRules, [rule]: false }, 500);
    assert.ok(found, "the fault was not found");
    console.log(`${rule}: seed ${found.seed}: ${found.because}`);
  });
}
