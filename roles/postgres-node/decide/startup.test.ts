import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ClusterView, type OwnCluster, type Peer, reached, type ReachedPeer } from "./view.ts";
import { lostPeer as lost } from "../../../tests/support/peer.ts";
import { counting, countMajority } from "./counting.ts";
import { decideStartup } from "./startup.ts";
import { comparePosition, isAncestor } from "../../../core/postgres/lsn.ts";
import { ownCluster as cluster, startView as view, stoppedPeer as peer } from "../../../tests/support/startup-view.ts";

test("a node of the second level follows its configured upstream if that is the primary, wherever its data came from", () => {
  const plan = decideStartup(view({
    otherPartners: [],
    configuredUpstream: "pgslave1",
    data: cluster({ wasPrimary: false, lastUpstream: "pgslave3" }),
    primary: { host: "pgslave1", systemIdentifier: "1", timeline: 1, history: [], origin: null },
    peers: [peer("pgslave1", { role: "primary" }), peer("pgslave3", { role: "standby", upstream: "pgslave1" })],
  }));
  assert.deepEqual({ do: plan.do, upstream: "upstream" in plan && plan.upstream }, {
    do: "start-standby",
    upstream: "pgslave1",
  });
});

test("of two nodes with the same NODE_ID or NODE_NAME, only the earlier one starts", () => {
  const twinId = { ...peer("pgslave1"), nodeId: 1, role: "primary" as const };
  const twinName = { ...peer("pgslave1"), name: "pgmaster", role: "standby" as const };
  for (const twin of [twinId, twinName]) {
    const plan = decideStartup(view({ peers: [twin] }));
    assert.equal(plan.do, "refuse");
    assert.match(plan.because, /pgslave1 and this node \(pgmaster\) both have NODE_/);
  }
  const younger = { ...twinId, role: "none" as const, uptimeSeconds: 1 };
  assert.notEqual(decideStartup(view({ peers: [younger, peer("pgslave3")] })).do, "refuse");
  const older = { ...younger, uptimeSeconds: 120 };
  assert.equal(decideStartup(view({ peers: [older] })).do, "refuse");
});

const newPrimary = {
  host: "pgslave1",
  systemIdentifier: "1",
  timeline: 2,
  history: [{ timeline: 1, endLsn: "0/4000000" }],
  origin: null,
};

const table: [string, Partial<ClusterView>, string][] = [
  [
    "an empty first node makes the cluster",
    { data: { kind: "empty" }, peers: [lost("pgslave1"), lost("pgslave3")] },
    "bootstrap",
  ],
  [
    "it gives silent partners a moment first",
    { data: { kind: "empty" }, peers: [lost("pgslave1")], waitedMs: 0 },
    "wait",
  ],
  ["an empty volume beside nodes with data never makes a second cluster", {
    data: { kind: "empty" },
    peers: [peer("pgslave1")],
  }, "wait"],
  ["an empty volume clones from the primary", {
    data: { kind: "empty" },
    peers: [peer("pgslave1", { role: "primary" })],
    primary: newPrimary,
  }, "clone"],
  ["a volume that knows of no majority, where another node does, waits for a primary", {
    everHadMajority: false,
    data: cluster({ wasPrimary: true }),
    peers: [peer("pgslave1"), lost("pgslave3")],
  }, "wait"],
  ["and is cloned from it, even if its WAL looks like an earlier part of the same history", {
    everHadMajority: false,
    data: cluster({ wasPrimary: true }),
    peers: [peer("pgslave1", { role: "primary" })],
    primary: newPrimary,
  }, "clone"],
  ["a former primary does not wait for a node of the second level, which never leads", {
    data: cluster({ wasPrimary: true }),
    peers: [peer("pgslave1"), peer("second", { position: { timeline: 9, lsn: "0/9000000" } })],
  }, "start-primary"],
  ["an unfinished clone is cloned again, never bootstrapped", { data: { kind: "half-cloned" }, peers: [] }, "wait"],
  [
    "an empty standby waits for its upstream",
    { data: { kind: "empty" }, mayBootstrap: false, configuredUpstream: "x" },
    "wait",
  ],
  ["a complete clone is moved in", { data: { kind: "unfinished-move" } }, "finish-move"],
  ["an unfinished bootstrap is made anew", { data: { kind: "unfinished-bootstrap" } }, "discard-bootstrap"],
  ["a cluster above is refused", { data: { kind: "foreign", entries: [], clusterAbove: "/data" } }, "refuse"],
  ["foreign files are refused", { data: { kind: "foreign", entries: ["photos"] } }, "refuse"],
  ["another major version is refused", { data: { kind: "other-version", version: "15", image: "17" } }, "refuse"],
  ["a damaged directory is refused", { data: { kind: "damaged", why: "no control file" } }, "refuse"],
  [
    "a damaged directory is cloned if an operator asked for it",
    { data: { kind: "damaged", why: "no control file" }, cloneBecause: "asked", primary: newPrimary },
    "clone",
  ],
  ["another cluster's node is refused", { peers: [peer("pgslave1", { systemIdentifier: "2" })] }, "refuse"],
  ["a former primary starts again with a majority", { peers: [peer("pgslave1"), lost("pgslave3")] }, "start-primary"],
  ["and waits without one", { peers: [lost("pgslave1"), lost("pgslave3")] }, "wait"],
  ["and waits for a node that is becoming primary", { peers: [peer("pgslave1", { becomingPrimary: true })] }, "wait"],
  ["and waits for newer data", { peers: [peer("pgslave1", { position: { timeline: 2, lsn: "0/1" } })] }, "wait"],
  [
    "partners that never joined do not count",
    { everHadMajority: false, peers: [lost("pgslave1"), lost("pgslave3")] },
    "start-primary",
  ],
  ["a diverged former primary is rewound", { primary: newPrimary }, "rewind"],
  ["or cloned if CLEAN_OVER_REWIND asks for it", { primary: newPrimary, cleanOverRewind: true }, "clone"],
  ["or cloned after a failed rewind", { primary: newPrimary, cloneBecause: "it failed" }, "clone"],
  ["a node whose timeline only shares its number with the primary's is cloned", {
    data: cluster({ position: { timeline: 2, lsn: "0/4000100" }, origin: { forkLsn: "0/4000000", record: "aa" } }),
    primary: { ...newPrimary, timeline: 3, origin: { forkLsn: "0/4000000", record: "bb" } },
  }, "clone"],
  ["so is one whose timeline left its parent elsewhere", {
    data: cluster({
      position: { timeline: 2, lsn: "0/4000100" },
      origin: { forkLsn: "0/3000000", record: null },
      wasPrimary: false,
    }),
    primary: { ...newPrimary, origin: { forkLsn: "0/4000000", record: "bb" } },
  }, "clone"],
  ["a former primary that did not diverge follows at once", {
    primary: { ...newPrimary, history: [{ timeline: 1, endLsn: "0/5000000" }] },
  }, "start-standby"],
  [
    "with an unreadable history it is rewound: pg_rewind reads the history itself",
    { primary: { ...newPrimary, history: null } },
    "rewind",
  ],
  [
    "the second of two primaries on one timeline is cloned",
    { primary: { ...newPrimary, timeline: 1, history: [] } },
    "clone",
  ],
  ["a former standby starts without a primary in sight", {
    data: cluster({ wasPrimary: false, lastUpstream: "pgslave3" }),
  }, "start-standby"],
];

for (const [what, changes, expected] of table) {
  test(`decideStartup(): ${what}`, () => assert.equal(decideStartup(view(changes)).do, expected));
}

const position = fc.record({
  timeline: fc.integer({ min: 1, max: 3 }),
  lsn: fc.constantFrom("0/1000000", "0/3000000", "0/5000000"),
});
const anyPeer = (host: string): fc.Arbitrary<Peer> =>
  fc.oneof(
    fc.constant(lost(host)),
    fc.record({
      role: fc.constantFrom("primary", "standby", "none", "unknown"),
      hasCluster: fc.boolean(),
      systemIdentifier: fc.constantFrom("1", "1", "1", "2", null),
      position: fc.option(position),
      becomingPrimary: fc.boolean(),
      certain: fc.boolean(),
      everHadMajority: fc.boolean(),
    }).map((changes) => peer(host, changes as Partial<ReachedPeer>)),
  );
const anyView = fc.record({
  mayBootstrap: fc.boolean(),
  everHadMajority: fc.boolean(),
  cleanOverRewind: fc.boolean(),
  waitedMs: fc.integer({ min: 0, max: 100_000 }),
  cloneBecause: fc.constantFrom(null, "it failed"),
  data: fc.oneof(
    fc.constantFrom({ kind: "empty" as const }, { kind: "half-cloned" as const }),
    fc.record({ position, wasPrimary: fc.boolean(), lastUpstream: fc.constantFrom(null, "pgslave1") }).map(cluster),
  ),
  peers: fc.tuple(anyPeer("pgslave1"), anyPeer("pgslave3")),
}).chain((base) => {
  const primaries = base.peers.flatMap((p) => p.seen === "reached" && p.role === "primary" ? [p] : []);
  return fc.constantFrom(...primaries.map((p) => p.host), null).map((host): ClusterView => {
    const chosen = primaries.find((p) => p.host === host) ?? primaries[0];
    const primary = chosen
      ? {
        host: chosen.host,
        systemIdentifier: chosen.systemIdentifier,
        timeline: chosen.position?.timeline ?? null,
        history: [],
        origin: null,
      }
      : null;
    return view({ ...base, configuredUpstream: base.mayBootstrap ? null : "pgslave1", primary });
  });
});

test("decideStartup() names the way out for a directory that the storage keeps in the volume", () => {
  const fixOf = (...entries: string[]) => {
    const plan = decideStartup(view({ data: { kind: "foreign", entries } }));
    return plan.do === "refuse" ? plan.fix : "";
  };
  const below = decideStartup(view({ data: { kind: "foreign", entries: [], clusterAbove: "/data" } }));
  assert.match(below.do === "refuse" ? below.fix : "", /^set PGDATA to \/data, or move what it holds into PGDATA/);
  assert.match(fixOf(".snapshot"), /set PGDATA to a directory below this one/);
  assert.match(fixOf(".snapshot", "photos"), /mount the right volume/);
});

test("decideStartup() never makes a fresh cluster while a node that answers has data", () => {
  fc.assert(fc.property(anyView, (v) => decideStartup(v).do !== "bootstrap" || reached(v).every((p) => !p.hasCluster)));
});

test("decideStartup() never bootstraps over data, nor after an interrupted clone", () => {
  fc.assert(fc.property(anyView, (v) => decideStartup(v).do !== "bootstrap" || v.data.kind === "empty"));
});

test("decideStartup() starts a primary only with the newest data in sight, no other primary, and the majority it needs", () => {
  fc.assert(fc.property(anyView, (v) => {
    if (decideStartup(v).do !== "start-primary") return true;
    const own = v.data as OwnCluster;
    return v.primary === null && own.wasPrimary && countMajority(v).ok &&
      counting(v, own.systemIdentifier).every((p) =>
        !p.becomingPrimary && (!p.position || comparePosition(p.position, own.position) <= 0)
      );
  }));
});

test("decideStartup() does not wait for newer data on a node that cannot start", () => {
  const newer = (failingMs: number) => peer("pgslave1", { failingMs, position: { timeline: 1, lsn: "0/5000100" } });
  const plan = (failingMs: number) => decideStartup(view({ peers: [newer(failingMs), peer("pgslave3")] })).do;
  assert.deepEqual([plan(0), plan(6_001)], ["wait", "start-primary"]);
});

test("decideStartup() gives way if it failed, its volume is full, and a standby with room has nearly all WAL", () => {
  const standby = (changes: Partial<ReachedPeer> = {}) =>
    peer("pgslave1", {
      role: "standby",
      diskFreeBytes: 2 ** 30,
      position: { timeline: 1, lsn: "0/4FFFF00" },
      ...changes,
    });
  const plan = (p: Peer, changes: Partial<ClusterView> = {}) =>
    decideStartup(view({ peers: [p, peer("pgslave3")], stuckWithoutRoom: true, ...changes })).do;
  assert.equal(plan(standby()), "wait");
  assert.equal(plan(standby(), { stuckWithoutRoom: false }), "start-primary");
  assert.equal(plan(standby({ diskFreeBytes: 1024 })), "start-primary");
  assert.equal(plan(standby({ role: "none" })), "start-primary");
  assert.equal(plan(standby({ position: { timeline: 1, lsn: "0/0" } })), "start-primary");
  assert.equal(plan(standby(), { strict: true }), "start-primary", "the other nodes are not a proof without this node");
  assert.equal(plan(standby(), { paused: true }), "start-primary");
});

test("decideStartup() with the lease waits for no node that is becoming primary; in strict mode it counts certain nodes only", () => {
  const peers = [peer("pgslave1", { becomingPrimary: true }), lost("pgslave3")];
  assert.equal(decideStartup(view({ peers })).do, "wait");
  assert.equal(decideStartup(view({ peers }), { final: true }).do, "start-primary");
  const strict = (certain: boolean) => view({ strict: true, peers: [peer("pgslave1", { certain }), lost("pgslave3")] });
  assert.equal(decideStartup(strict(true), { final: true }).do, "start-primary");
  assert.equal(decideStartup(strict(false), { final: true }).do, "wait");
});

test("decideStartup() never clones or rewinds from itself, and never without a primary in sight", () => {
  fc.assert(fc.property(anyView, (v) => {
    const plan = decideStartup(v);
    if (plan.do === "clone") return plan.from !== v.self.host && v.primary !== null;
    return plan.do !== "rewind" || (plan.to === v.primary?.host && plan.to !== v.self.host);
  }));
});

test("decideStartup() never lets data follow a primary of another cluster or one that it has diverged from", () => {
  fc.assert(fc.property(anyView, (v) => {
    if (v.data.kind !== "cluster" || v.primary === null || decideStartup(v).do !== "start-standby") return true;
    const { timeline, history, systemIdentifier } = v.primary;
    const sameCluster = systemIdentifier === null || systemIdentifier === v.data.systemIdentifier;
    return sameCluster && timeline !== null && history !== null && isAncestor(v.data.position, { timeline, history });
  }));
});
