// What a scenario is made of: tests/support and the tools, nothing of another kind of test; and no bare sleep.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readSources, type Source, toSource } from "./sources.ts";

/** What a scenario or its support imports of other kinds of tests, or waits for without saying for what. */
function faultsOf({ path, code }: Source): string[] {
  const imported = [...code.matchAll(/\bfrom\s+"(\.[^"]+)"/g)].map((m) => join(dirname(path), m[1]!));
  const foreign = imported.filter((to) => /^tests\/(?!support\/|scenarios\/)/.test(to));
  return [
    ...foreign.map((to) => `${path} imports ${to}`),
    ...(path.startsWith("tests/scenarios/") && /\bsleep\(|setTimeout\(/.test(code) ? [`${path} sleeps`] : []),
  ];
}

test("scenarios and what they share import nothing of chaos, soak and bench, and wait for a condition only", async () => {
  const sources = await readSources(["tests/scenarios", "tests/support"]);
  assert.notEqual(sources.length, 0);
  assert.deepEqual(sources.flatMap(faultsOf), []);
});

test("this check can fail", () => {
  const path = "tests/scenarios/x.test.ts";
  assert.equal(faultsOf(toSource(path, 'import { a } from "../chaos/plan.ts";')).length, 1);
  assert.equal(faultsOf(toSource(path, "await systemClock.sleep(1_000);")).length, 1);
  assert.deepEqual(faultsOf(toSource(path, 'import { a } from "../support/waits.ts"; // sleep(1)')), []);
});
