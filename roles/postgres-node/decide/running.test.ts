import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lostPeer, standbyPeer } from "../../../tests/support/peer.ts";
import type { Peer, ReachedPeer } from "./view.ts";
import type { Leadership } from "../../../core/lease/decide/epoch.ts";
import { decideMayPromote, type MayPromote } from "./promotion.ts";
import { decideRunning, electionGraceMs, precedenceMs } from "./running.ts";
import type { RunningView } from "./view.ts";

const peer = standbyPeer;
const lost = lostPeer;

const view = (changes: Partial<RunningView> = {}): RunningView => ({
  self: { host: "b", nodeId: 2, name: "b", priority: 100, uptimeSeconds: 60 },
  mayBootstrap: false,
  configuredUpstream: "a",
  otherPartners: ["a", "c"],
  everHadMajority: true,
  overruled: false,
  leaderships: [{ epoch: 1, host: "a", systemIdentifier: "1", partners: ["a", "b", "c"] }],
  observers: [],
  quorum: true,
  paused: false,
  restoring: null,
  strict: false,
  sawPrimary: true,
  cutOff: null,
  holder: "quiet",
  license: "not-needed",
  peers: [lost("a"), peer("c", 3)],
  primary: null,
  role: "standby",
  systemIdentifier: "1",
  position: { timeline: 1, lsn: "0/5000000" },
  origin: null,
  upstream: "a",
  streaming: false,
  notStreamingMs: 60_000,
  noPrimaryMs: 0,
  hidingFile: null,
  trouble: null,
  ...changes,
});
const primary = {
  host: "c",
  systemIdentifier: "1",
  timeline: 2,
  history: [{ timeline: 1, endLsn: "0/5000000" }],
  origin: null,
};
const primaryPeer = peer("c", 3, { role: "primary", position: { timeline: 2, lsn: "0/6000000" }, upstream: null });

const table: [string, Partial<RunningView>, string][] = [
  ["a primary alone in sight stays", { role: "primary" }, "nothing"],
  ["a primary that knows of no majority, where another node does, is a copy from another time", {
    role: "primary",
    everHadMajority: false,
  }, "demote"],
  ["a false primary is demoted", { role: "primary", primary }, "demote"],
  [
    "a primary of another cluster changes nothing",
    { role: "primary", primary: { ...primary, systemIdentifier: "2" } },
    "nothing",
  ],
  ["a standby that streams stays", { streaming: true, primary, peers: [primaryPeer], upstream: "c" }, "nothing"],
  ["a standby of the first level that streams from another standby follows the primary", {
    streaming: true,
    primary,
    position: { timeline: 2, lsn: "0/6000000" },
    peers: [peer("a", 1, { position: { timeline: 2, lsn: "0/6000000" }, upstream: "c" }), primaryPeer],
    upstream: "a",
  }, "follow"],
  ["a standby on a timeline that only shares its number with the primary's is cloned", {
    streaming: true,
    primary: { ...primary, origin: { forkLsn: "0/5000000", record: "aa" } },
    origin: { forkLsn: "0/5000000", record: "bb" },
    peers: [primaryPeer],
    upstream: "c",
  }, "rejoin"],
  ["a standby whose upstream is gone follows the primary", { primary, peers: [lost("a"), primaryPeer] }, "follow"],
  ["it is given a moment first, where its upstream may switch by itself", {
    primary,
    peers: [peer("a", 1), primaryPeer],
    notStreamingMs: 100,
  }, "nothing"],
  ["a standby that still streams from a node that the cluster has left follows at once", {
    primary,
    peers: [lost("a"), primaryPeer],
    notStreamingMs: 0,
    streaming: true,
  }, "follow"],
  ["a standby that received WAL from such a node after the fork is rewound", {
    primary: { ...primary, history: [{ timeline: 1, endLsn: "0/4000000" }] },
    peers: [peer("a", 1, { role: "none" }), primaryPeer],
    notStreamingMs: 0,
    streaming: true,
  }, "rejoin"],
  ["a slot that is missing on the upstream is made again", {
    primary,
    peers: [primaryPeer],
    upstream: "c",
    position: { timeline: 2, lsn: "0/6000000" },
    trouble: "slot-missing",
    notStreamingMs: 0,
  }, "follow"],
  ["a standby that stopped replaying for a low setting is started again", {
    primary,
    peers: [primaryPeer],
    streaming: true,
    trouble: "settings-too-low",
    notStreamingMs: 0,
  }, "rejoin"],
  ["also when no primary is left, so that it can lead", { license: "missing", trouble: "settings-too-low" }, "rejoin"],
  ["a primary without the lease is fenced", { role: "primary", license: "missing" }, "fence"],
  ["with the lease, a lost primary that no longer renews is replaced at once", { license: "missing" }, "promote"],
  [
    "but a standby whose last WAL is hidden from a promotion starts again first",
    { license: "missing", hidingFile: "000000020000000000000005" },
    "start-again",
  ],
  [
    "and not while the primary renews",
    { license: "missing", hidingFile: "000000020000000000000005", holder: "renews" },
    "nothing",
  ],
  ["but not one that only does not answer here", { license: "missing", holder: "renews" }, "nothing"],
  ["nor at once after the lease was released: its heir comes first", {
    license: "missing",
    holder: "none",
    noPrimaryMs: 999,
  }, "nothing"],
  ["but after a second", { license: "missing", holder: "none", noPrimaryMs: 1_000 }, "promote"],
  ["but not by a node that has seen no primary since its start", {
    noPrimaryMs: 1_000,
    license: "missing",
    sawPrimary: false,
  }, "nothing"],
  ["a diverged standby rejoins", {
    primary: { ...primary, history: [{ timeline: 1, endLsn: "0/4000000" }] },
    peers: [primaryPeer],
  }, "rejoin"],
  ["so does one whose WAL receiver keeps starting, and is seen streaming", {
    primary: { ...primary, history: [{ timeline: 1, endLsn: "0/4000000" }] },
    peers: [primaryPeer],
    streaming: true,
    trouble: "diverged",
  }, "rejoin"],
  ["trouble in the log alone does not move a standby that streams", {
    primary,
    peers: [primaryPeer],
    upstream: "c",
    streaming: true,
    trouble: "diverged",
  }, "nothing"],
  ["a standby whose WAL is gone on the primary is cloned", {
    primary,
    peers: [primaryPeer],
    upstream: "c",
    trouble: "wal-removed",
  }, "rejoin"],
  ["repmgrd's election has its time", { noPrimaryMs: electionGraceMs - 1 }, "nothing"],
  ["then the first of the equal standbys promotes", { noPrimaryMs: electionGraceMs }, "promote"],
  ["but not without a majority", { noPrimaryMs: electionGraceMs, peers: [lost("a"), lost("c")] }, "nothing"],
];
for (const [what, changes, expected] of table) {
  test(`decideRunning(): ${what}`, () => assert.equal(decideRunning(view(changes)).do, expected));
}

test("decideRunning() waits for an equal standby with precedence, but not for ever: its voters may differ", () => {
  const equal = {
    self: { ...view({}).self, host: "c", nodeId: 3 },
    peers: [lost("a"), peer("b", 2, { streaming: false })],
  };
  const after = (noPrimaryMs: number, license: RunningView["license"]) =>
    decideRunning(view({ ...equal, otherPartners: ["a", "b"], noPrimaryMs, license, sawPrimary: true })).do;
  assert.deepEqual([precedenceMs - 1, precedenceMs].map((ms) => after(ms, "missing")), ["nothing", "promote"]);
  const long = 2 * electionGraceMs;
  assert.deepEqual([long - 1, long].map((ms) => after(ms, "not-needed")), ["nothing", "promote"]);
});

test("decideRunning() brings a node of the second level back under its configured upstream", () => {
  const second = view({
    otherPartners: [],
    configuredUpstream: "c",
    upstream: "a",
    streaming: true,
    primary: { host: "a", systemIdentifier: "1", timeline: 1, history: [], origin: null },
    peers: [peer("a", 1, { role: "primary", upstream: null }), peer("c", 3)],
  });
  assert.deepEqual(decideRunning(second), {
    do: "follow",
    upstream: "c",
    because: "the configured upstream c is back",
  });
});

const may = (changes: Partial<RunningView>, tieBreak = true) => decideMayPromote(view(changes), { tieBreak }).ok;

test("decideMayPromote() refuses while a node is or becomes primary, newer data is in sight, or the priority is 0", () => {
  assert.equal(may({}), true);
  assert.equal(may({ peers: [peer("a", 1, { role: "primary" }), peer("c", 3)] }), false);
  assert.equal(may({ overruled: true }), false);
  assert.equal(may({ peers: [peer("a", 1, { role: "primary", overruled: true }), peer("c", 3)] }), true);
  assert.equal(may({ peers: [lost("a"), peer("c", 3, { becomingPrimary: true })] }), false);
  assert.equal(may({ peers: [lost("a"), peer("c", 3, { position: { timeline: 1, lsn: "0/5000001" } })] }), false);
  assert.equal(may({ self: { ...view().self, priority: 0 } }), false);
});

test("decideMayPromote() in strict mode needs enough nodes that one of them has every acknowledged commit", () => {
  const five = {
    otherPartners: ["a", "c", "d", "e"],
    observers: [{ host: "o", answers: true }, { host: "p", answers: true }],
  };
  const may = (peers: Peer[], strict: boolean, more: Partial<MayPromote> = {}, leaderships: Leadership[] = []) =>
    decideMayPromote(view({ ...five, strict, peers, leaderships }), { tieBreak: false, ...more }).ok;
  const two = [lost("a"), lost("d"), lost("e"), peer("c", 3)];
  assert.equal(may(two, false), true, "with the observers these are a majority");
  assert.equal(may(two, true), false, "but two of five nodes prove nothing");
  assert.equal(may(two, true, { provenUpTo: 4 }), true, "unless the primary has handed over");
  const partners = ["a", "b", "c", "d", "e"];
  const led = (epoch: number, systemIdentifier = "1") => [{ epoch, host: "a", systemIdentifier, partners }];
  assert.equal(may(two, true, { provenUpTo: 4 }, led(4)), true);
  assert.equal(
    may(two, true, { provenUpTo: 4 }, led(5)),
    false,
    "another primary has led since: the order was delayed",
  );
  assert.equal(may(two, true, { provenUpTo: 4 }, led(5, "2")), true, "of another cluster");
  assert.equal(may([lost("a"), lost("e"), peer("c", 3), peer("d", 4)], true), true);
});

test("decideMayPromote() under the lease asks that a voter knows of a leadership: else the lost primary may write without one", () => {
  const final = (changes: Partial<RunningView>, more: Partial<MayPromote> = {}) =>
    decideMayPromote(view(changes), { tieBreak: false, final: true, ...more });
  assert.equal(final({}).ok, true);
  const foreign = [{ epoch: 4, host: "a", systemIdentifier: "2", partners: ["a", "b"] }];
  for (const leaderships of [[], foreign]) {
    assert.match(final({ leaderships }).because, /may go on writing.*make sure that it is stopped.*failover --force b/);
    assert.equal(final({ leaderships }, { asked: true }).ok, true, "an operator answers for it");
    assert.equal(final({ leaderships, quorum: false }).ok, true, "there is no lease that would stop it");
    assert.equal(may({ leaderships }), true, "before the lease, no voter was asked");
  }
});

test("a standby that lacks only what a node of priority 0 has gets it from there, and then leads", () => {
  const ahead = (host: string, lsn: string) => peer(host, 3, { priority: 0, position: { timeline: 1, lsn } });
  const five = { otherPartners: ["a", "c", "d", "e"], license: "missing" as const, noPrimaryMs: 60_000 };
  const plan = (peers: Peer[], changes: Partial<RunningView> = {}) =>
    decideRunning(view({ ...five, peers, ...changes }));
  const peers = [lost("a"), ahead("c", "0/5000060"), ahead("d", "0/5000090"), peer("e", 5)];
  assert.deepEqual(plan(peers), {
    do: "follow",
    upstream: "d",
    because: "d has newer data, and may not lead, since its NODE_PRIORITY is 0",
  });
  assert.equal(plan(peers, { upstream: "d" }).do, "nothing", "it streams from there already");
  assert.equal(plan(peers, { upstream: "d", position: { timeline: 1, lsn: "0/5000090" } }).do, "promote");
  const led = [...peers.slice(0, 3), peer("e", 5, { position: { timeline: 1, lsn: "0/5000070" } })];
  assert.equal(plan(led).do, "nothing", "e may lead, and has more than this node");
});

test("a standby with WAL beyond the fork never streams from the new primary: it would acknowledge what it does not have", () => {
  const primary = {
    host: "c",
    systemIdentifier: "1",
    timeline: 2,
    history: [{ timeline: 1, endLsn: "0/4000000" }],
    origin: null,
  } as unknown as NonNullable<RunningView["primary"]>;
  const c = peer("c", 3, { role: "primary", position: { timeline: 2, lsn: "0/4000200" }, upstream: null });
  const plan = (changes: Partial<RunningView>) => decideRunning(view({ primary, license: "missing", ...changes })).do;
  for (
    const changes of [
      { upstream: "c", trouble: "slot-missing" as const, peers: [lost("a"), c] },
      { upstream: "a", notStreamingMs: 3_500, peers: [peer("a", 1, { role: "unknown" }), c] },
      { upstream: "a", notStreamingMs: 3_500, peers: [peer("a", 1), c] },
      { upstream: "a", streaming: true, notStreamingMs: 0, peers: [peer("a", 1), c] },
    ]
  ) {
    const before = { notStreamingMs: 0, ...changes };
    assert.equal(plan(before), "nothing", JSON.stringify(changes.upstream));
    assert.equal(plan({ ...changes, streaming: false, notStreamingMs: 5_000 }), "rejoin");
  }
});

test("decideMayPromote() in strict mode with the lease counts only nodes that are certain how far their WAL reaches", () => {
  const final = (changes: Partial<RunningView>) => decideMayPromote(view(changes), { tieBreak: false, final: true });
  const unsure = peer("c", 3, { certain: false });
  assert.equal(final({ strict: true, peers: [lost("a"), peer("c", 3)] }).ok, true);
  assert.match(
    final({ strict: true, peers: [lost("a"), unsure] }).because,
    /still uncertain where their own WAL ends: c;/,
  );
  assert.equal(final({ strict: false, peers: [lost("a"), unsure] }).ok, true);
  assert.equal(
    may({ strict: true, peers: [lost("a"), unsure] }),
    true,
    "before the lease, no node was asked to look again",
  );
});

test("decideMayPromote() waits six seconds for a node that has more WAL and cannot start, longer if it has much more", () => {
  const ahead = (changes: Partial<ReachedPeer>) =>
    peer("a", 1, { role: "none", position: { timeline: 1, lsn: "0/5000100" }, ...changes });
  const may = (changes: Partial<ReachedPeer>, rest: Partial<RunningView> = {}) =>
    decideMayPromote(view({ peers: [ahead(changes), peer("c", 3)], ...rest }), { tieBreak: false, final: true }).ok;
  assert.equal(may({ failingMs: 6_000 }), false);
  assert.equal(may({ failingMs: 6_001 }), true);
  assert.equal(may({ failingMs: 30_000, role: "unknown" }), false, "it is trying to start");
  assert.equal(may({ failingMs: 30_001, role: "unknown" }), true, "it hangs");
  assert.equal(may({ failingMs: 6_001, position: { timeline: 1, lsn: "0/9000001" } }), false);
  assert.equal(may({ failingMs: 6_001, position: { timeline: 2, lsn: "0/5000100" } }), false);
  assert.equal(may({ failingMs: 1, diskFreeBytes: 0 }), true, "a full disk does not get better by trying");
  assert.equal(may({ failingMs: 0, diskFreeBytes: 0 }), false, "it has not tried yet");
  assert.equal(
    may({ failingMs: 6_001 }, { strict: true }),
    true,
    "the two others prove that what it has alone was not acknowledged",
  );
  const alone = { strict: true, peers: [ahead({ failingMs: 6_001 }), lost("c")] };
  assert.equal(may({}, alone), false, "it may have acknowledged that together with the lost node");
});

test("decideMayPromote() refuses on the side of a partition that has no majority, and for nodes of the second level", () => {
  assert.equal(may({ peers: [lost("a"), lost("c")] }), false);
  assert.equal(may({ otherPartners: [], peers: [peer("c", 3)] }), false);
});

test("decideMayPromote() lets only one of two standbys that see each other promote, whatever they hold", () => {
  const standby = fc.record({
    priority: fc.constantFrom(0, 50, 100),
    position: fc.record({ timeline: fc.integer({ min: 1, max: 2 }), lsn: fc.constantFrom("0/1000000", "0/5000000") }),
  });
  fc.assert(fc.property(standby, standby, (b, c) => {
    const forB = may({
      self: { ...view().self, priority: b.priority },
      position: b.position,
      peers: [lost("a"), peer("c", 3, c)],
    });
    const forC = may({
      self: { ...view().self, host: "c", nodeId: 3, priority: c.priority },
      otherPartners: ["a", "b"],
      position: c.position,
      peers: [lost("a"), peer("b", 2, b)],
    });
    return !(forB && forC);
  }));
});

test("an older copy of a primary's volume stops once it sees nodes that know of a majority, and keeps none from leading", () => {
  const copy = { role: "primary", everHadMajority: false, position: { timeline: 9, lsn: "0/9000000" } } as const;
  assert.equal(decideRunning(view({ ...copy, license: "not-needed", peers: [lost("a"), peer("c", 3)] })).do, "demote");
  const first = view({ ...copy, license: "not-needed", peers: [lost("a"), peer("c", 3, { everHadMajority: false })] });
  assert.equal(decideRunning(first).do, "nothing", "no majority has joined yet");
  assert.equal(may({ peers: [peer("a", 1, copy), peer("c", 3)] }), true);
  assert.equal(may({ peers: [peer("a", 1, { ...copy, everHadMajority: true }), peer("c", 3)] }), false);
});

test("without strict mode, after a start of the whole cluster a node leads only with most nodes that have data in sight", () => {
  const observers = [{ host: "o", answers: true }, { host: "p", answers: true }];
  const alone = { observers, peers: [lost("a"), lost("c")] };
  const asked = (changes: Partial<RunningView>, options: Partial<MayPromote> = {}) =>
    decideMayPromote(view({ ...alone, ...changes }), { tieBreak: false, ...options });
  assert.equal(asked({}).ok, true, "it has seen the primary, and follows on");
  const fresh = asked({ sawPrimary: false });
  assert.match(fresh.because, /no primary has been in sight since this node started, and a, c may have newer.*--force/);
  assert.equal(asked({ sawPrimary: false }, { asked: true }).ok, true, "an operator asks for it");
  assert.equal(asked({ sawPrimary: false, peers: [lost("a"), peer("c", 3)] }).ok, true);
  const empty = peer("c", 3, { hasCluster: false, role: "none", position: null, systemIdentifier: null });
  const copy = peer("c", 3, { everHadMajority: false, wasPrimary: true, role: "none" });
  for (const gone of [empty, copy]) {
    assert.equal(asked({ sawPrimary: false, peers: [lost("a"), gone] }).ok, true, "there is nothing of it to wait for");
  }
});

test("without strict mode, a standby that knows it was cut off for long is not promoted unless an operator asks", () => {
  const cut = { cutOff: { ms: 60_001, bytes: 2 ** 20, allowedMs: 60_000 } };
  const may = (changes: Partial<RunningView>, options: Partial<MayPromote> = {}) =>
    decideMayPromote(view({ ...cut, ...changes }), { tieBreak: false, ...options });
  assert.match(may({}).because, /cut off from its primary for 60.0 s and lacks at least 1.0 MB.*failover --force b /);
  assert.equal(may({}, { asked: true }).ok, true);
  assert.equal(may({ cutOff: null }).ok, true);
  assert.match(may({ cutOff: { ...cut.cutOff, bytes: null } }).because, /a later timeline/);
});

test("a standby that may not be promoted says why", () => {
  const plan = decideRunning(view({ license: "missing", peers: [lost("a"), lost("c")] }));
  assert.equal(plan.do, "nothing");
  assert.match("because" in plan ? plan.because ?? "" : "", /only 1 of 3 voters answer/);
});
