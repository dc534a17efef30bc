import assert from "node:assert/strict";
import { test } from "node:test";
import { actKinds, actsOf, mayLose, nextAct, seeded } from "./plan.ts";

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
    if (act.kind === "wipe" || act.kind === "tablespace") assert.ok(!act.targets.includes("a"));
    if (act.kind === "full-disk") assert.equal(act.targets.length, 1);
    assert.ok(act.lastsMs > 0 && act.lastsMs < 15_000);
    assert.equal(new Set(act.targets).size, act.targets.length);
  }
});

test("only a primary that ends without a hand-over may lose writes", () => {
  assert.equal(mayLose({ kind: "kill", targets: ["a"], lastsMs: 1 }, "a"), true);
  assert.equal(mayLose({ kind: "stop", targets: ["a"], lastsMs: 1 }, "a"), false);
  assert.equal(mayLose({ kind: "kill", targets: ["b"], lastsMs: 1 }, "a"), false);
});

test("settings and passwords change everywhere at once, to something new", () => {
  const changes = acts(3, 500).filter((a) => a.kind === "settings" || a.kind === "password");
  for (const act of changes) assert.deepEqual([act.targets.length, typeof act.value], [5, "number"]);
  assert.ok(new Set(changes.map((a) => a.value)).size > 10);
});

test("without disks no disk is filled, and a hardened container is not asked to kill", () => {
  assert.ok(!actsOf("plain", false).includes("full-disk"));
  assert.deepEqual(actsOf("icu", true), [...actKinds]);
  assert.ok(!actsOf("hardened", true).includes("kill-postmaster"));
});
