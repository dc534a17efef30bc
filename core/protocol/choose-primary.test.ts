// Tests of the choice of the primary: one answer whatever the order, never an older timeline, never another cluster.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { choosePrimary, type NodeReport, ofOneCluster, overtakenBy, reportOf } from "./choose-primary.ts";
import type { NodeStatus } from "./status.ts";

function report(said: Partial<NodeReport> & { host: string }): NodeReport {
  return {
    nodeId: 1,
    role: "standby",
    timeline: 1,
    systemIdentifier: "7",
    licensed: true,
    forced: false,
    held: false,
    everHadMajority: true,
    standbys: 0,
    streaming: true,
    ...said,
  };
}

const arbitraryReport: fc.Arbitrary<NodeReport> = fc.record({
  host: fc.constantFrom("n1", "n2", "n3", "n4", "10.0.0.1"),
  nodeId: fc.integer({ min: 1, max: 4 }),
  role: fc.constantFrom<NodeReport["role"]>("primary", "standby", "none", "unknown"),
  timeline: fc.option(fc.integer({ min: 1, max: 4 })),
  systemIdentifier: fc.option(fc.constantFrom("7", "8")),
  licensed: fc.boolean(),
  forced: fc.boolean(),
  held: fc.boolean(),
  everHadMajority: fc.boolean(),
  standbys: fc.integer({ min: 0, max: 3 }),
  streaming: fc.boolean(),
});
const arbitraryReports = fc.uniqueArray(arbitraryReport, { maxLength: 6, selector: (r) => r.host });

test("reportOf() takes from /status what the choice looks at: without the lease in force a node is not licensed", () => {
  const status = (lease: object) =>
    ({
      node: { id: 3 },
      postgres: {
        role: "primary",
        timeline: 2,
        systemIdentifier: "7",
        upstream: null,
        downstream: [{ state: "streaming" }, { state: "catchup" }],
      },
      lease,
      everHadMajority: true,
      forced: false,
    }) as unknown as NodeStatus;
  const expected = {
    host: "a",
    nodeId: 3,
    role: "primary",
    timeline: 2,
    systemIdentifier: "7",
    everHadMajority: true,
    standbys: 1,
    streaming: false,
  };
  const said = (lease: { mode: string; held: boolean }, licensed: boolean) =>
    assert.deepEqual(reportOf("a", status(lease)), { ...expected, forced: false, held: lease.held, licensed });
  said({ mode: "on", held: false }, false);
  said({ mode: "on", held: true }, true);
  said({ mode: "bootstrap", held: false }, true);
});

test("choosePrimary() chooses a holder of the lease, or a node that says it is primary, on the highest timeline of those", () => {
  fc.assert(fc.property(arbitraryReports, (reports) => {
    const chosen = choosePrimary(reports, null);
    const known = reports.some((c) => c.everHadMajority);
    const primaries = reports.filter((c) => c.role === "primary" && c.licensed && (c.everHadMajority || !known));
    if (primaries.length === 0) return chosen === null;
    const holders = primaries.filter((c) => c.held);
    const lawful = holders.filter((c) => !c.forced);
    const first = [lawful, holders, primaries].find((some) => some.length > 0) ?? [];
    const highest = Math.max(...first.map((c) => c.timeline ?? 0));
    if (chosen === null || !first.includes(chosen)) return false;
    return (chosen.timeline ?? 0) === highest;
  }));
});

test("choosePrimary() gives the same answer in whatever order the nodes are asked", () => {
  // alike in much, so that only the last rule can distinguish them: one node may also be asked under two names
  const alike = fc.record({ nodeId: fc.nat(1), timeline: fc.option(fc.nat(1)), standbys: fc.nat(1) });
  const primaries = fc.array(alike, { maxLength: 5 })
    .map((all) => all.map((said, i) => report({ ...said, host: `n${i}`, role: "primary" })));
  const shuffled = fc.oneof(arbitraryReports, primaries).chain((reports) =>
    fc.tuple(fc.constant(reports), fc.shuffledSubarray(reports, { minLength: reports.length }))
  );
  fc.assert(fc.property(shuffled, fc.option(fc.constantFrom("n1", "n2", "n3")), ([reports, other], inUse) => {
    return choosePrimary(reports, inUse)?.host === choosePrimary(other, inUse)?.host;
  }));
});

test("of two primaries on one timeline the one with more standbys is chosen, then the one in use, then the lower id", () => {
  const a = report({ host: "a", nodeId: 1, role: "primary" });
  const b = report({ host: "b", nodeId: 2, role: "primary" });
  const followed = report({ host: "c", nodeId: 3, role: "primary", standbys: 1 });
  assert.equal(choosePrimary([a, b, followed], "b")?.host, "c");
  assert.equal(choosePrimary([a, b], "b")?.host, "b");
  assert.equal(choosePrimary([b, a], null)?.host, "a");
});

test("a primary that comes back on an old timeline is overtaken, also while the new one is out of sight", () => {
  const old = report({ host: "a", role: "primary", timeline: 1 });
  const known = { host: "b", systemIdentifier: "7", timeline: 2 };
  assert.equal(overtakenBy(old, [old], known), 2);
  assert.equal(overtakenBy(old, [old, report({ host: "c", timeline: 3 })], null), 3);
  assert.equal(overtakenBy(old, [old, report({ host: "c", timeline: 3, streaming: false })], null), null);
  assert.equal(overtakenBy(old, [old, report({ host: "c", timeline: 3, systemIdentifier: "8" })], null), null);
  assert.equal(overtakenBy(old, [old], { ...known, systemIdentifier: "8" }), null);
});

test("the primary in use is never overtaken by itself, its own standbys or a cascade behind", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 1, max: 5 })), (timeline, behind) => {
      const primary = report({ host: "a", role: "primary", timeline });
      const standbys = behind.map((back, i) => report({ host: `s${i}`, timeline: Math.max(1, timeline - back) }));
      return overtakenBy(primary, [primary, ...standbys], { host: "a", systemIdentifier: "7", timeline }) === null;
    }),
  );
});

test("ofOneCluster() returns nodes of one cluster only, the one in use while it is in sight", () => {
  fc.assert(fc.property(arbitraryReports, fc.option(fc.constantFrom("7", "8", "9")), (reports, id) => {
    const known = id === null ? null : { host: "x", systemIdentifier: id, timeline: 1 };
    const ours = ofOneCluster(reports, known, 6);
    const ids = new Set(ours.map((c) => c.systemIdentifier));
    const inSight = reports.some((c) => c.systemIdentifier === id && id !== null && c.everHadMajority);
    return ids.size <= 1 && !ids.has(null) && (!inSight || ids.has(id));
  }));
});

test("another cluster is taken only when a majority of the backends belongs to it and none to the one in use", () => {
  const known = { host: "a", systemIdentifier: "7", timeline: 5 };
  const other = ["a", "b", "c"].map((host) => report({ host, systemIdentifier: "8" }));
  assert.equal(ofOneCluster(other.slice(0, 1), known, 3).length, 0);
  assert.equal(ofOneCluster(other.slice(0, 2), known, 3).length, 2);
  assert.equal(ofOneCluster([...other.slice(0, 2), report({ host: "c" })], known, 3).length, 1);
});

test("the cluster of an emptied node gives way to the one that a majority leads, also where it is in use", () => {
  const anew = report({ host: "a", role: "primary", everHadMajority: false, systemIdentifier: "8" });
  const led = report({ host: "b", role: "primary", held: true });
  const known = { host: "a", systemIdentifier: "8", timeline: 1 };
  for (const inUse of [known, null]) assert.deepEqual(ofOneCluster([anew, led], inUse, 3), [led]);
  const stopped = { ...led, held: false };
  assert.deepEqual(ofOneCluster([anew, stopped], known, 3), [anew]);
  assert.deepEqual(ofOneCluster([{ ...anew, everHadMajority: true }, led], known, 3).map((r) => r.host), ["a"]);
});

test("the holder of the lease is the primary, whatever timeline another node claims, and nothing overtakes it", () => {
  const holder = report({ host: "n1", role: "primary", timeline: 2, held: true });
  const restored = report({ host: "n2", nodeId: 2, role: "primary", timeline: 9, standbys: 3 });
  assert.equal(choosePrimary([restored, holder], "n2")?.host, "n1");
  const known = { host: "n2", systemIdentifier: "7", timeline: 9 };
  assert.equal(overtakenBy(holder, [restored], known), null);
  assert.equal(overtakenBy({ ...holder, held: false }, [restored], known), 9);
});

test("a node that knows of no majority is not chosen beside one that does, even with the lease", () => {
  const copy = report({ host: "n1", role: "primary", timeline: 9, everHadMajority: false });
  const others = [report({ host: "n2" }), report({ host: "n3" })];
  assert.equal(choosePrimary([copy, ...others], null), null);
  assert.equal(choosePrimary([{ ...copy, held: true }, ...others], null), null);
  assert.equal(choosePrimary([copy, ...others.map((r) => ({ ...r, everHadMajority: false }))], null)?.host, "n1");
});

test("choosePrimary() prefers the lease of a majority to the timeline of a node that was forced and votes alone", () => {
  const [lawful, forced] = ["a", "b"].map((host, i) => ({
    ...report({ host }),
    role: "primary" as const,
    timeline: i === 0 ? 5 : 22,
    held: true,
    forced: i === 1,
  }));
  assert.equal(choosePrimary([forced!, lawful!], "b"), lawful);
  assert.equal(choosePrimary([forced!, { ...lawful!, held: false }], "a"), forced);
});
