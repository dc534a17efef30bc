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

// the long searches run here and not in tests: Bun ends a test after 5 s, even on a busy machine
const broken = firstBroken(trueRules, 300);
const planted = (["epochs", "durable", "counted", "ownEpoch"] as const).map((rule) => {
  return { rule, found: firstBroken({ ...trueRules, [rule]: false }, 500) };
});

test("with epochs no acknowledged write is lost, and every cluster heals", () => {
  assert.equal(broken, null);
  let led = 0;
  for (let seed = 1; seed <= 20; seed++) led += runData(new Random(seed), trueRules, steps).led;
  assert.ok(led > 100, `only ${led} leaderships in 20 worlds: nothing was tried`);
});

for (const { rule, found } of planted) {
  test(`planted fault: without the rule "${rule}" a world breaks`, () => {
    assert.ok(found, "the fault was not found");
    console.log(`${rule}: seed ${found.seed}: ${found.because}`);
  });
}
