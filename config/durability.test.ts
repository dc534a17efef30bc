// What CONSISTENCY cannot be kept with is refused by name, with the way out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { durabilityProblems } from "./durability.ts";

const config = { consistency: "strict" as const, useSlots: true, partners: ["a", "b", "c"] };
const told = (changes: Partial<Parameters<typeof durabilityProblems>[0]>, ...settings: [string, string][]) =>
  durabilityProblems({ ...config, ...changes }, settings.map(([name, value]) => ({ name, value })));

test("strict refuses every value of synchronous_commit that does not wait for a flush", () => {
  for (const value of ["off", "OFF", "'off'", "of", "false", "f", "no", "n", "0", "local", "remote_write"]) {
    const [problem, ...more] = told({}, ["synchronous_commit", value]);
    assert.match(problem?.message ?? "", /synchronous_commit to .*CONSISTENCY is strict/, value);
    assert.match(problem!.fix, /CONSISTENCY=eventual/);
    assert.deepEqual(more, []);
  }
  for (const value of ["on", "true", "yes", "1", "remote_apply", "o"]) {
    assert.deepEqual(told({}, ["Synchronous_Commit", value]), [], value);
  }
});

test("partially-strict refuses only what waits for no standby, and eventual nothing", () => {
  assert.equal(told({ consistency: "partially-strict" }, ["synchronous_commit", "local"]).length, 1);
  assert.equal(told({ consistency: "partially-strict" }, ["synchronous_commit", "remote_write"]).length, 0);
  assert.equal(told({ consistency: "partially-strict" }, ["fsync", "off"]).length, 0);
  assert.deepEqual(told({ consistency: "eventual" }, ["synchronous_commit", "off"], ["fsync", "off"]), []);
});

test("strict refuses a server that a crash of the machine may damage", () => {
  assert.equal(told({}, ["fsync", "off"], ["full_page_writes", "no"]).length, 2);
  assert.deepEqual(told({}, ["fsync", "on"], ["full_page_writes", "yes"]), []);
});

test("strict without slots is refused from four partners on, where one standby could count twice", () => {
  assert.deepEqual(told({ useSlots: false }), []);
  const [problem] = told({ useSlots: false, partners: ["a", "b", "c", "d"] });
  assert.equal(problem?.variable, "USE_REPLICATION_SLOTS");
  assert.deepEqual(told({ partners: ["a", "b", "c", "d"] }), []);
  assert.deepEqual(told({ useSlots: false, partners: ["a", "b", "c", "d"], consistency: "eventual" }), []);
});
