import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  compareTerm,
  type LeaseReply,
  type LeaseRequest,
  liveGrant,
  maxTerm,
  newVoter,
  sameElectorate,
  vote,
  type VoterState,
} from "./vote.ts";

const ttlMs = 5_000;
const electorate = ["pg1", "pg2", "pg3"];
const a = { nodeId: 1, host: "pg1", incarnation: "a" };
const aAgain = { ...a, incarnation: "a2" };
const b = { nodeId: 2, host: "pg2", incarnation: "b" };
const term = (number: number, nodeId = 1) => ({ number, nodeId });

const request = (changes: Partial<LeaseRequest> = {}): LeaseRequest => ({
  kind: "acquire",
  from: a,
  term: term(1),
  ttlMs,
  electorate,
  round: 1,
  ...changes,
});

/** A voter that has been up for one LEASE_TTL at time 0, after these requests. */
function after(requests: readonly [number, Partial<LeaseRequest>][] = [], changes: Partial<VoterState> = {}) {
  const fresh = newVoter({ name: "pg3", incarnation: "v", startedMs: -ttlMs, ttlMs, electorate });
  const start = { ...fresh, ...changes };
  return requests.reduce((voter, [at, r]) => vote(voter, request(r), at).voter, start);
}

const ask = (voter: VoterState, at: number, changes: Partial<LeaseRequest>) => vote(voter, request(changes), at).reply;
const bAsks = { from: b, term: term(2, 2) };

const grantedToA: [number, Partial<LeaseRequest>][] = [[0, {}]];
const releasedByA: [number, Partial<LeaseRequest>][] = [[0, {}], [1, { kind: "release" }]];

test("a voter that cannot read the epochs that it has granted lets nobody lead, and does not disturb who leads", () => {
  assert.match(ask(after([], { blind: true }), 0, {}).because, /cannot read the epochs/);
  const leading = { ...after(grantedToA), blind: true };
  assert.equal(ask(leading, 1, { kind: "renew" }).granted, true);
});

test("a renewal that was held back counts no more once a newer one came, also after the lease has ended", () => {
  const renewed = after([[0, {}], [1, { kind: "renew", round: 7 }]]);
  const late = ask(renewed, 2 * ttlMs, { kind: "renew", round: 4 });
  assert.deepEqual([late.granted, late.because], [false, "a newer request of this claimant came before this one"]);
  assert.equal(ask(renewed, 2, { kind: "renew", round: 7 }).granted, true, "sent twice");
  assert.equal(ask(renewed, 2 * ttlMs, { kind: "renew", round: 8 }).granted, true, "late, but the newest");
  const next = after([[0, {}], [1, { kind: "renew", round: 7 }], [2 * ttlMs, { ...bAsks, round: 1 }]]);
  assert.equal(
    ask(next, 2 * ttlMs + 1, { ...bAsks, kind: "renew", round: 2 }).granted,
    true,
    "rounds are a claimant's own",
  );
});

const cases: readonly [string, VoterState, number, Partial<LeaseRequest>, string, number?][] = [
  ["a free voter grants", after(), 0, {}, "granted"],
  [
    "a voter is silent for one LEASE_TTL",
    after([], { startedMs: 0 }),
    ttlMs - 1,
    {},
    "this voter started less than",
    1,
  ],
  ["a voter speaks after one LEASE_TTL", after([], { startedMs: 0 }), ttlMs, {}, "granted"],
  [
    "a silent voter renews nothing",
    after([], { startedMs: 0 }),
    1,
    { kind: "renew" },
    "this voter started less than",
    ttlMs - 1,
  ],
  ["a granted lease is not granted to another claimant", after(grantedToA), ttlMs - 1, bAsks, "granted to pg1", 1],
  [
    "another container with the same name is another claimant",
    after(grantedToA),
    1,
    { from: aAgain, term: term(2) },
    "granted to pg1",
    ttlMs - 1,
  ],
  [
    "another node is another claimant, even with the same incarnation",
    after(grantedToA),
    1,
    { from: { ...a, nodeId: 2 }, term: term(2) },
    "granted to pg1",
    ttlMs - 1,
  ],
  [
    "another claimant does not renew it",
    after(grantedToA),
    1,
    { ...bAsks, kind: "renew" },
    "granted to pg1",
    ttlMs - 1,
  ],
  ["a grant ends on time", after(grantedToA), ttlMs, bAsks, "granted"],
  ["the holder renews", after(grantedToA), 4_000, { kind: "renew" }, "granted"],
  ["a voter that missed the acquisition joins in at a renewal", after(), 0, { kind: "renew" }, "granted"],
  ["a request that comes twice is granted twice", after(grantedToA), 1, {}, "granted"],
  ["the holder begins anew under a newer term", after(grantedToA), 1, { term: term(2) }, "granted"],
  [
    "an older request of the holder is late",
    after([[0, { term: term(2) }]]),
    1,
    {},
    "the claimant already has a newer term",
  ],
  [
    "an older renewal of the holder is late",
    after([[0, { term: term(2) }]]),
    1,
    { kind: "renew" },
    "the claimant already has a newer term",
  ],
  [
    "terms do not go back",
    after([[0, { term: term(7) }]]),
    ttlMs,
    { from: b, term: term(6, 2) },
    "the term is not newer",
  ],
  [
    "terms are not used twice",
    after([[0, { term: term(7) }]]),
    ttlMs,
    { from: aAgain, term: term(7) },
    "the term is not newer",
  ],
  ["the node id breaks a tie", after([[0, { term: term(7) }]]), ttlMs, { from: b, term: term(7, 2) }, "granted"],
  [
    "a holder goes on below the term of a failed claimant",
    after([[0, { ...bAsks }], [1, { ...bAsks, kind: "release" }]]),
    2,
    { kind: "renew" },
    "granted",
  ],
  ["a released lease is free at once", after(releasedByA), 2, bAsks, "granted"],
  ["a renewal after the release is late", after(releasedByA), 2, { kind: "renew" }, "this term has been given up"],
  ["an acquisition after its release is late", after([[0, { kind: "release" }]]), 1, {}, "this term has been given up"],
  [
    "an old release that comes again does not hide a newer one",
    after([[0, { kind: "release", term: term(5) }], [1, { kind: "release", term: term(4) }]]),
    2,
    { term: term(5) },
    "this term has been given up",
  ],
  ["after a release the same claimant may ask anew", after(releasedByA), 2, { term: term(2) }, "granted"],
  [
    "a release of another term ends nothing",
    after(grantedToA),
    1,
    { kind: "release", term: term(2) },
    "this voter has no such grant",
  ],
  [
    "a release of an older term ends nothing",
    after([[0, { term: term(2) }]]),
    1,
    { kind: "release" },
    "this voter has no such grant",
  ],
  [
    "a release by another incarnation ends nothing",
    after(grantedToA),
    1,
    { kind: "release", from: aAgain },
    "this voter has no such grant",
  ],
  ["a release after the end is late", after(grantedToA), ttlMs, { kind: "release" }, "this voter has no such grant"],
  [
    "a voter that the claimant does not count stays out",
    after(),
    0,
    { electorate: ["pg1", "pg2"] },
    "pg3 is not in the claimant's electorate",
  ],
  ["one member more is accepted", after(), 0, { electorate: [...electorate, "pg4"] }, "granted"],
  ["one member less is accepted", after(), 0, { electorate: ["pg1", "pg3"] }, "granted"],
  [
    "one member replaced is two differences",
    after(),
    0,
    { electorate: ["pg1", "pg3", "pg4"] },
    "the electorates differ",
  ],
  ["two members more are refused", after(), 0, { electorate: [...electorate, "pg4", "pg5"] }, "the electorates differ"],
  [
    "a lease that is longer than this voter's silence is refused",
    after(),
    0,
    { ttlMs: ttlMs + 1 },
    "LEASE_TTL of this voter is 5000 ms, shorter",
  ],
  ["a shorter lease is accepted", after(), 0, { ttlMs: 1_000 }, "granted"],
];

for (const [what, voter, at, changes, because, freeInMs = 0] of cases) {
  test(`voter: ${what}`, () => {
    const reply = ask(voter, at, changes);
    assert.ok(reply.because.startsWith(because), reply.because);
    assert.equal(reply.granted, because === "granted" || because === "released");
    assert.equal(reply.freeInMs, freeInMs);
  });
}

test("voter: answers name the voter, its run, the round and its electorate", () => {
  const { voter, incarnation, round, electorate: own, highest } = ask(after(), 0, { round: 9, term: term(4) });
  assert.deepEqual({ voter, incarnation, round, own, highest }, {
    voter: "pg3",
    incarnation: "v",
    round: 9,
    own: electorate,
    highest: term(4),
  });
});

test("voter: a renewal never shortens a grant", () => {
  const voter = after([[0, {}], [100, { kind: "renew", ttlMs: 1_000 }]]);
  assert.equal(voter.grant?.untilMs, ttlMs);
});

test("voter: a voter that is silent after its start learns the term of the lease in force", () => {
  const silent = after([[1, { kind: "renew", term: term(9) }]], { startedMs: 0 });
  assert.equal(silent.grant, null);
  assert.equal(ask(silent, ttlMs, { ...bAsks }).because, "the term is not newer than one that this voter has seen");
  assert.equal(ask(silent, ttlMs, { from: b, term: term(10, 2) }).granted, true);
});

test("voter: the term of a refused claimant is not adopted", () => {
  assert.deepEqual(after([[0, {}], [1, { from: b, term: term(99, 2) }]]).highest, term(1));
});

const arbitraryTerm = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }))
  .map(([number, nodeId]) => term(number, nodeId));
const arbitraryRequest: fc.Arbitrary<LeaseRequest> = fc.record({
  kind: fc.constantFrom("acquire", "renew", "release"),
  from: fc.constantFrom(a, aAgain, b),
  term: arbitraryTerm,
  ttlMs: fc.constantFrom(1_000, ttlMs, ttlMs + 1),
  electorate: fc.constantFrom(electorate, [...electorate, "pg4"], ["pg3", "pg4", "pg5"]),
  round: fc.integer({ min: 1, max: 9 }),
});
const arbitraryHistory = fc.array(fc.tuple(arbitraryRequest, fc.integer({ min: 0, max: 3_000 })), { maxLength: 30 });

/** Calls `check` for each request of a history, with the voter before and after it. */
function along(
  history: readonly (readonly [LeaseRequest, number])[],
  check: (o: { before: VoterState; request: LeaseRequest; now: number; after: VoterState; reply: LeaseReply }) => void,
): void {
  let voter = after([], { startedMs: 0 });
  let now = 0;
  for (const [asked, laterMs] of history) {
    now += laterMs;
    const { voter: next, reply } = vote(voter, asked, now);
    check({ before: voter, request: asked, now, after: next, reply });
    voter = next;
  }
}

test("voter: no history makes it break a promise", () => {
  fc.assert(
    fc.property(arbitraryHistory, (history) => {
      along(history, ({ before, request: asked, now, after: next, reply }) => {
        const held = liveGrant(before, now);
        const released = asked.kind === "release" && reply.granted;
        if (held !== null && !released) {
          assert.deepEqual(next.grant?.to, held.to, "a live grant changes hands only by its release");
          assert.ok(next.grant!.untilMs >= held.untilMs, "a live grant is never shortened");
        }
        if (released) {
          assert.deepEqual([held?.to, held?.term], [asked.from, asked.term], "a release ends its own lease");
        }
        if (!reply.granted) assert.deepEqual(next.grant, before.grant, "a refusal grants nothing");
        assert.equal(maxTerm(before.highest, next.highest), next.highest, "terms never go back");
      });
    }),
    { numRuns: 500 },
  );
});

test("voter: each grant lasts as requested, comes after the silence, and has its own term", () => {
  fc.assert(
    fc.property(arbitraryHistory, (history) => {
      along(history, ({ before, request: asked, now, after: next, reply }) => {
        if (!reply.granted || asked.kind === "release") return;
        assert.ok(now >= ttlMs, "silent after its start");
        assert.ok(asked.ttlMs <= ttlMs && asked.electorate.length <= 4, "no longer lease, no other electorate");
        assert.deepEqual([next.grant?.to, next.grant?.term], [asked.from, asked.term]);
        assert.ok(next.grant!.untilMs >= now + asked.ttlMs && next.grant!.untilMs <= now + ttlMs);
        const again = before.grant !== null && compareTerm(before.grant.term, asked.term) === 0;
        const newer = before.highest === null || compareTerm(asked.term, before.highest) > 0;
        assert.ok(asked.kind === "renew" || again || newer, "a new term, or the same request again");
      });
    }),
    { numRuns: 500 },
  );
});

const arbitraryElectorate = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), { minLength: 1 });

test("electorates that are accepted share a voter in any two majorities, and comparing them has no direction", () => {
  fc.assert(fc.property(arbitraryElectorate, arbitraryElectorate, (one, other) => {
    assert.equal(sameElectorate(one, other), sameElectorate(other, one));
    if (!sameElectorate(one, other)) return;
    const majority = (e: readonly string[]) => Math.floor(e.length / 2) + 1;
    assert.ok(majority(one) + majority(other) > new Set([...one, ...other]).size);
  }));
});

test("terms have one order: by number, then by node", () => {
  fc.assert(fc.property(arbitraryTerm, arbitraryTerm, (one, other) => {
    assert.equal(Math.sign(compareTerm(one, other)), -Math.sign(compareTerm(other, one)) + 0);
    assert.equal(compareTerm(one, other) === 0, one.number === other.number && one.nodeId === other.nodeId);
    const newest = maxTerm(one, other)!;
    assert.ok(compareTerm(newest, one) >= 0 && compareTerm(newest, other) >= 0);
  }));
  assert.ok(compareTerm(term(2, 1), term(1, 9)) > 0);
  assert.deepEqual([maxTerm(null, term(1)), maxTerm(term(1), null), maxTerm(null, null)], [term(1), term(1), null]);
});
