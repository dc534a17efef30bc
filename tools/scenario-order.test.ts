// The order of scenarios: the example cluster first, in one group, and nothing is left out or run twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { needsStore, orderOf, patient, timesText } from "./scenario-order.ts";

const shares = "const cluster = await exampleCluster();";
const owns = "await using cluster = await ownCluster({});";

test("those that share the example cluster come first, behind the one that creates it; patient ones the longest first", () => {
  const [longest, , third] = patient as [string, string, string];
  const texts = new Map([["a", owns], ["b", shares], [third, owns], ["the-cluster-starts-in-reverse-order", owns], [
    "c",
    shares,
  ], [longest, owns]]);
  assert.deepEqual(orderOf(texts), {
    shared: ["the-cluster-starts-in-reverse-order", "b", "c"],
    alone: ["a"],
    patient: [longest, third],
  });
});

test("the store is needed by one scenario, and the longest time stands first", () => {
  assert.equal(patient.filter(needsStore).length, 1);
  assert.equal(timesText(new Map([["short", 9.4], ["long", 100]])), "  100 s  long\n    9 s  short");
});
