// Promise, whatever happens to the primary's network or processes: two nodes never acknowledge writes at one instant, and sums
// stay right on every node. Only what asynchronous replication may lose is lost, and the cluster is whole within a minute.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wordOf } from "../support/clients/check.ts";
import { runUnderFaults } from "../support/clients/run.ts";
import { exampleCluster } from "../support/clusters.ts";
import { describeFault, type Fault, type Seen } from "../support/faults/fault.ts";

/** In this order: the primary with one second-level node behind it, its answers lost, and all of it frozen. */
const faults: readonly ((seen: Seen) => Omit<Fault, "lastsMs">)[] = [
  ({ primary, first, second, others }) => {
    const targets = [primary, second[0]!];
    const from = [...first, ...second, ...others].filter((s) => !targets.includes(s));
    return { kind: "minority", targets, from };
  },
  ({ primary, first, second, others }) => {
    const from = [...first, ...second, ...others].filter((s) => s !== primary);
    return { kind: "one-way", targets: [primary], from };
  },
  ({ primary }) => ({ kind: "freeze", targets: [primary], from: [] }),
];

test("clients at every node see one primary at a time through cuts and freezes", async () => {
  const cluster = await exampleCluster();
  const { history, verdict } = await runUnderFaults(cluster, "eventual", (seen, done) => {
    const fault = faults[done];
    return fault ? { ...fault(seen), lastsMs: 9_000 } : null;
  });
  const struck = history.struck.map((s) => describeFault(s.fault, s.primary)).join("; ");
  assert.equal(wordOf(verdict), "passed", `${struck}: ${[...verdict.findings, ...verdict.undecided].join("; ")}`);
  assert.equal(history.struck.length, faults.length, "every fault struck");
  const leaders = history.writes.filter((w) => w.client.startsWith("direct-")).map((w) => w.node);
  assert.ok(new Set(leaders).size >= 2, "no other node ever led: the faults struck nothing");
});
