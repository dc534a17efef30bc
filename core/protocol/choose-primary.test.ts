// Tests of the choice of the primary: one answer whatever the order, never an older timeline, never another cluster.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { choosePrimary, type Claim, ofOneCluster, overtakenBy } from "./choose-primary.ts";
import type { NodeStatus } from "./status.ts";

interface Said {
  host: string;
  id: number;
  role: NodeStatus["postgres"]["role"];
  timeline: number | null;
  systemIdentifier: string | null;
  standbys: number;
  streaming: boolean;
}

function claim(said: Partial<Said> & { host: string }): Claim {
  const s: Said = {
    id: 1,
    role: "standby",
    timeline: 1,
    systemIdentifier: "7",
    standbys: 0,
    streaming: true,
    ...said,
  };
  const postgres = {
    role: s.role,
    timeline: s.timeline,
    systemIdentifier: s.systemIdentifier,
    upstream: s.role === "standby" ? { host: "up", port: 5432, streaming: s.streaming } : null,
    downstream: Array.from({ length: s.standbys }, (_, i) => ({ applicationName: `s${i}`, state: "streaming" })),
  };
  return { host: s.host, status: { node: { id: s.id }, postgres, lease: { mode: "off" } } as unknown as NodeStatus };
}

const arbitrarySaid = fc.record({
  id: fc.integer({ min: 1, max: 9 }),
  role: fc.constantFrom<Said["role"]>("primary", "standby", "none", "unknown"),
  timeline: fc.option(fc.integer({ min: 1, max: 4 })),
  systemIdentifier: fc.option(fc.constantFrom("7", "8")),
  standbys: fc.integer({ min: 0, max: 3 }),
  streaming: fc.boolean(),
});
const arbitraryClaims = fc.uniqueArray(arbitrarySaid, { maxLength: 6, selector: (s) => s.id })
  .map((all) => all.map((s) => claim({ ...s, host: `n${s.id}` })));

test("choosePrimary() chooses a node that says it is primary, on the highest timeline that any of them has", () => {
  fc.assert(fc.property(arbitraryClaims, (claims) => {
    const chosen = choosePrimary(claims, null);
    const primaries = claims.filter((c) => c.status.postgres.role === "primary");
    if (primaries.length === 0) return chosen === null;
    const highest = Math.max(...primaries.map((c) => c.status.postgres.timeline ?? 0));
    return chosen !== null && primaries.includes(chosen) && (chosen.status.postgres.timeline ?? 0) === highest;
  }));
});

test("choosePrimary() gives the same answer in whatever order the nodes are asked", () => {
  fc.assert(fc.property(arbitraryClaims, fc.option(fc.constantFrom("n1", "n2", "n3")), (claims, inUse) => {
    return choosePrimary(claims, inUse)?.host === choosePrimary(claims.toReversed(), inUse)?.host;
  }));
});

test("of two primaries on one timeline the one with more standbys is chosen, then the one in use, then the lower id", () => {
  const a = claim({ host: "a", id: 1, role: "primary" });
  const b = claim({ host: "b", id: 2, role: "primary" });
  const followed = claim({ host: "c", id: 3, role: "primary", standbys: 1 });
  assert.equal(choosePrimary([a, b, followed], "b")?.host, "c");
  assert.equal(choosePrimary([a, b], "b")?.host, "b");
  assert.equal(choosePrimary([b, a], null)?.host, "a");
});

test("a primary that comes back on an old timeline is overtaken, also while the new one is out of sight", () => {
  const old = claim({ host: "a", role: "primary", timeline: 1 });
  const known = { host: "b", systemIdentifier: "7", timeline: 2 };
  assert.equal(overtakenBy(old, [old], known), 2);
  assert.equal(overtakenBy(old, [old, claim({ host: "c", timeline: 3 })], null), 3);
  assert.equal(overtakenBy(old, [old, claim({ host: "c", timeline: 3, streaming: false })], null), null);
  assert.equal(overtakenBy(old, [old, claim({ host: "c", timeline: 3, systemIdentifier: "8" })], null), null);
  assert.equal(overtakenBy(old, [old], { ...known, systemIdentifier: "8" }), null);
});

test("the primary in use is never overtaken by itself, its own standbys or a cascade behind", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 1, max: 5 })), (timeline, behind) => {
      const primary = claim({ host: "a", role: "primary", timeline });
      const standbys = behind.map((back, i) => claim({ host: `s${i}`, timeline: Math.max(1, timeline - back) }));
      return overtakenBy(primary, [primary, ...standbys], { host: "a", systemIdentifier: "7", timeline }) === null;
    }),
  );
});

test("ofOneCluster() returns nodes of one cluster only, the one in use while it is in sight", () => {
  fc.assert(fc.property(arbitraryClaims, fc.option(fc.constantFrom("7", "8", "9")), (claims, id) => {
    const known = id === null ? null : { host: "x", systemIdentifier: id, timeline: 1 };
    const ours = ofOneCluster(claims, known, 6);
    const ids = new Set(ours.map((c) => c.status.postgres.systemIdentifier));
    const inSight = claims.some((c) => c.status.postgres.systemIdentifier === id && id !== null);
    return ids.size <= 1 && !ids.has(null) && (!inSight || ids.has(id));
  }));
});

test("another cluster is taken only when a majority of the backends belongs to it and none to the one in use", () => {
  const known = { host: "a", systemIdentifier: "7", timeline: 5 };
  const other = ["a", "b", "c"].map((host) => claim({ host, systemIdentifier: "8" }));
  assert.equal(ofOneCluster(other.slice(0, 1), known, 3).length, 0);
  assert.equal(ofOneCluster(other.slice(0, 2), known, 3).length, 2);
  assert.equal(ofOneCluster([...other.slice(0, 2), claim({ host: "c" })], known, 3).length, 1);
});
