// The order of scenarios: the example cluster first, in one group, and nothing is left out or run twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { calm, needsStore, orderOf, patient, timesText } from "./scenario-order.ts";

const shares = "const cluster = await exampleCluster();";
const owns = "await using cluster = await ownCluster({});";

test("patient ones stand by their own order, those that share the example cluster behind the ones that open it", () => {
  const [longest, , third] = patient as [string, string, string];
  const alone = ["b", ...calm, third, "the-cluster-starts-in-reverse-order", longest].map((name) =>
    [name, owns] as const
  );
  const texts = new Map([...alone, ["c", shares], ["a", shares], ["barman-takes-a-backup", shares]]);
  assert.deepEqual(orderOf(texts), {
    patient: [longest, third],
    calm,
    shared: ["the-cluster-starts-in-reverse-order", "barman-takes-a-backup", "a", "c"],
    alone: ["b"],
  });
});

test("the store is needed by one scenario, and the longest time stands first", () => {
  assert.equal(patient.filter(needsStore).length, 1);
  assert.equal(timesText(new Map([["short", 9.4], ["long", 100]])), "  100 s  long\n    9 s  short");
});
