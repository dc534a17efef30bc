// What a scenario is made of: tests/support and the tools, nothing of another kind of test; and no bare sleep. What may run beside
// another scenario shares no cluster with it and keeps no short time.
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { patient } from "../../tools/scenario-order.ts";
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

/** Why a scenario cannot run beside another one. */
function impatience({ path, code }: Source): string[] {
  const short = /\b(successionMs|nothingMs|leaseTtlMs|staysTrueFor)\b|\bwaitSuccessor\((?![^;]*wholeMs)/.exec(code)
    ?.[0];
  return [
    ...(short ? [`${path} keeps a short time: ${short}`] : []),
    ...(code.includes("exampleCluster") ? [`${path} uses the example cluster`] : []),
  ];
}

/** The names that a scenario gives to its clusters. */
const clustersOf = ({ code }: Source) => [...code.matchAll(/\bname: "([^"]+)"/g)].map((m) => m[1]!);

test("scenarios that run beside another one keep no short time, and each has clusters of its own", async () => {
  const sources = await readSources(["tests/scenarios"]);
  const missing = patient.filter((name) => !sources.some((s) => basename(s.path) === `${name}.test.ts`));
  assert.deepEqual(missing, [], "no such scenario");
  const paired = sources.filter((s) => patient.includes(basename(s.path, ".test.ts")));
  assert.deepEqual(paired.flatMap(impatience), []);
  const names = paired.flatMap((s) => [...new Set(clustersOf(s))]);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), [], "used twice");
});

test("this check can fail", () => {
  const path = "tests/scenarios/x.test.ts";
  assert.equal(faultsOf(toSource(path, 'import { a } from "../chaos/plan.ts";')).length, 1);
  assert.equal(faultsOf(toSource(path, "await systemClock.sleep(1_000);")).length, 1);
  assert.deepEqual(faultsOf(toSource(path, 'import { a } from "../support/waits.ts"; // sleep(1)')), []);
  const impatient = (code: string) => impatience(toSource(path, code)).length;
  assert.deepEqual(
    ["successionMs;", "await exampleCluster();", "a.waitSuccessor(b, c);", "a.waitSuccessor(b, c, wholeMs);"].map(
      impatient,
    ),
    [1, 1, 1, 0],
  );
});
