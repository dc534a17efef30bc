import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../soak/plan.ts";
import type { Seen } from "../support/faults/fault.ts";
import type { Step } from "../support/faults/steps.ts";
import { holdDown } from "./hold-down.ts";

const seen: Seen = { primary: "a", first: ["a", "b", "c"], second: ["d", "e"], others: ["pgpool", "backup"] };
const plans = (seed: number, count: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => holdDown(seen, random));
};
const many = plans(1, 2_000);

interface Played {
  /** the most leaderships that acknowledged writes, and began and ended while one node was away */
  passed: number;
  fewest: number;
  away: number;
}

/** Plays the steps with three nodes of which two are needed; throws if one of them cannot be done. */
function play(target: string, steps: readonly Step[]): Played {
  let up = 3;
  let leads = true;
  let fewest = up;
  let away: { votes: boolean; seen: number; passed: number }[] = [];
  let passed = 0;
  for (const [i, step] of steps.entries()) {
    const isHeld = step.do === "remove" && step.whom === "held";
    assert.equal(isHeld, i === 0, "the target goes first, and nothing else is called held");
    const changes = step.do === "switchover" ||
      step.do === "remove" && (step.whom === "primary" || isHeld && target === "a" || step.whom === "last");
    if (step.do === "remove") assert.equal(up, step.whom === "last" ? 1 : Math.max(up, 2), "there is such a node");
    if (step.do === "switchover") assert.ok(up >= 2, "there is a node to hand over to");
    if (changes && leads) {
      const silent = step.do === "remove" && step.once === "leads";
      away = away.map((a) => ({ ...a, seen: 0, passed: a.passed + (silent ? 0 : a.seen) }));
      leads = false;
    }
    if (step.do === "remove") {
      const votes = !isHeld || seen.first.includes(target);
      away.push({ votes, seen: 0, passed: 0 });
      if (votes) up--;
    }
    if (step.do === "return") {
      const [node] = away.splice(step.nth, 1);
      assert.ok(node, "there is one to return");
      if (node.votes) up++;
    }
    if (!leads && up >= 2) {
      leads = true;
      away = away.map((a) => ({ ...a, seen: 1 }));
    }
    fewest = Math.min(fewest, up);
    passed = Math.max(passed, ...away.map((a) => a.passed));
  }
  return { passed, fewest, away: away.length };
}

test("the same seed gives the same plan, another seed another", () => {
  assert.deepEqual(plans(7, 20), plans(7, 20));
  assert.notDeepEqual(plans(7, 20), plans(8, 20));
});

test("in every plan a node is away while at least one whole leadership passes, and everyone returns", () => {
  const played = many.map((f) => play(f.targets[0]!, f.steps!));
  assert.ok(played.every((p) => p.passed >= 1 && p.away === 0));
  for (const fewest of [0, 1, 2]) {
    assert.ok(played.filter((p) => p.fewest === fewest).length > 100, `down to ${fewest} nodes that may lead`);
  }
  assert.ok(played.filter((p) => p.passed >= 2).length > 500, "across two, and the next one has begun");
});

test("nodes go in every way, often the primary first, and return in every order", () => {
  const steps = many.flatMap((f) => f.steps!);
  const removals = steps.filter((s) => s.do === "remove");
  for (const by of ["kill", "stop", "cut"]) {
    for (const whom of ["held", "primary", "standby", "last"]) {
      assert.ok(removals.some((s) => s.whom === whom && s.by === by), `${by} ${whom}`);
    }
  }
  const primaryFirst = many.filter((f) => f.targets[0] === "a").length / many.length;
  assert.ok(primaryFirst > 0.5 && primaryFirst < 0.7);
  assert.ok(many.some((f) => f.targets[0] === "d"), "nodes of the second level are away too");
  assert.ok([0, 1, 2].every((nth) => steps.some((s) => s.do === "return" && s.nth === nth)));
});

test("a primary that is stopped in good order is followed before, so that nothing is lost", () => {
  const stops = many.flatMap((f) => f.steps!).filter((s) => s.do === "remove" && s.by === "stop");
  assert.ok(stops.length > 0 && stops.every((s) => s.do === "remove" && s.once === "followed"));
});

test("plans are short enough for a run of many", () => {
  const lengths = many.map((f) => f.steps!.length).toSorted((a, b) => a - b);
  assert.ok(lengths.at(-1)! <= 30, `the longest has ${lengths.at(-1)} steps`);
  assert.ok(lengths[lengths.length / 2]! <= 10, `half have more than ${lengths[lengths.length / 2]} steps`);
});
