// What a scenario is made of: tests/support and the tools, nothing of another kind of test; and no bare sleep. What may run beside
// others shares no cluster with them and keeps no short time.
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { calm, patient } from "../../tools/scenario-order.ts";
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

/** Why a scenario cannot run beside others; `doubled`: twice a short time is long enough. */
function impatience({ path, code }: Source, doubled = false): string[] {
  // what does not happen is waited for twice as long: it would come later, too
  const uses = code.replaceAll(/^import .*;$/gm, "").replaceAll(
    "2 * successionMs",
    doubled ? "wholeMs" : "successionMs",
  );
  const short = /\bsuccessionMs\b|\bstaysTrueFor\((?!2 \* nothingMs)|\bwaitSuccessor\((?![^;]*wholeMs)/.exec(uses)?.[0];
  return [
    ...(short ? [`${path} keeps a short time: ${short}`] : []),
    ...(code.includes("exampleCluster") ? [`${path} uses the example cluster`] : []),
  ];
}

/** The names that a scenario gives to its clusters. */
const clustersOf = ({ code }: Source) => [...code.matchAll(/\bname: "([^"]+)"/g)].map((m) => m[1]!);

test("scenarios that run beside others keep no short time, and each has clusters of its own", async () => {
  const sources = await readSources(["tests/scenarios"]);
  const beside = [...patient, ...calm];
  const missing = beside.filter((name) => !sources.some((s) => basename(s.path) === `${name}.test.ts`));
  assert.deepEqual(missing, [], "no such scenario");
  const paired = sources.filter((s) => beside.includes(basename(s.path, ".test.ts")));
  const isCalm = ({ path }: Source) => calm.includes(basename(path, ".test.ts"));
  assert.deepEqual(paired.flatMap((s) => impatience(s, isCalm(s))), []);
  const names = paired.flatMap((s) => [...new Set(clustersOf(s))]);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), [], "used twice");
});

test("this check can fail", () => {
  const path = "tests/scenarios/x.test.ts";
  assert.equal(faultsOf(toSource(path, 'import { a } from "../chaos/plan.ts";')).length, 1);
  assert.equal(faultsOf(toSource(path, "await systemClock.sleep(1_000);")).length, 1);
  assert.deepEqual(faultsOf(toSource(path, 'import { a } from "../support/waits.ts"; // sleep(1)')), []);
  const impatient = (code: string) => impatience(toSource(path, code)).length;
  assert.deepEqual([impatient("2 * successionMs;"), impatience(toSource(path, "2 * successionMs;"), true).length], [
    1,
    0,
  ]);
  assert.deepEqual(
    ["successionMs;", "await exampleCluster();", "a.waitSuccessor(b, c);", "staysTrueFor(nothingMs, a);"].map(
      impatient,
    ),
    [1, 1, 1, 1],
  );
  assert.deepEqual(
    ["a.waitSuccessor(b, c, wholeMs);", "staysTrueFor(2 * nothingMs, a);"].map(impatient),
    [0, 0],
  );
});
