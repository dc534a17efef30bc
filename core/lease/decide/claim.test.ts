import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  acquire,
  type ClaimState,
  count,
  fenceMarginMs,
  isMajority,
  isRefused,
  newClaim,
  release,
  remainingMs,
  renew,
  retryAfterMs,
  rulesOf,
} from "./claim.ts";
import type { LeaseReply, LeaseRequest } from "./vote.ts";

const ttlMs = 5_000;
const marginMs = 500;
const electorate = ["pg1", "pg2", "pg3"];
const self = { nodeId: 1, host: "pg1", incarnation: "a" };
const fresh = (members: readonly string[] = electorate) => newClaim(self, members, { ttlMs, marginMs });

const yes = (voter: string, round: number, changes: Partial<LeaseReply> = {}): LeaseReply => ({
  voter,
  incarnation: `run of ${voter}`,
  round,
  granted: true,
  because: "granted",
  electorate,
  highest: null,
  freeInMs: 0,
  ...changes,
});
const no = (voter: string, freeInMs: number): LeaseReply => yes(voter, 1, { granted: false, freeInMs });

/** Counts what these voters grant. */
const grantedBy = (claim: ClaimState, round: number, at: number, voters = ["pg1", "pg2"]) =>
  voters.reduce((c, v) => count(c, v, yes(v, round), at), claim);

/** A lease asked for at 0 and granted at once. */
function holder(): ClaimState {
  const { claim, request } = acquire(fresh(), 0);
  return grantedBy(claim, request.round, 0);
}

/** A renewal sent at `at`. */
function renewing(claim: ClaimState, at: number) {
  const sent = renew(claim, at);
  assert.ok(sent, "the lease is still held");
  return sent;
}

test("claim: a majority makes a holder, for the time since the request minus the margin", () => {
  const { claim, request } = acquire(fresh(), 1_000);
  assert.equal(request.kind, "acquire");
  const one = grantedBy(claim, request.round, 1_200, ["pg1"]);
  assert.equal(remainingMs(one, 1_200), 0);
  const two = grantedBy(one, request.round, 1_200, ["pg2"]);
  assert.equal(remainingMs(two, 1_200), ttlMs - marginMs - 200);
  assert.equal(remainingMs(two, 1_000 + ttlMs - marginMs), 0);
});

test("claim: half of the voters is not a majority", () => {
  const members = ["pg1", "pg2", "pg3", "pg4"];
  const { claim, request } = acquire(fresh(members), 0);
  const of4 = { electorate: members };
  const two = ["pg1", "pg2"].reduce((c, v) => count(c, v, yes(v, request.round, of4), 1), claim);
  assert.equal(remainingMs(two, 1), 0);
  assert.ok(remainingMs(count(two, "pg3", yes("pg3", request.round, of4), 1), 1) > 0);
});

const uncounted: readonly [string, string, Partial<LeaseReply>][] = [
  ["a refusal", "pg2", { granted: false }],
  ["the same voter again", "pg1", { voter: "pg1", incarnation: "run of pg1" }],
  ["another voter than the one that was asked", "pg2", { voter: "pg1" }],
  ["a voter outside the electorate", "pg9", { voter: "pg9" }],
  ["one agent under a second name", "pg2", { incarnation: "run of pg1" }],
  ["an answer to another round", "pg2", { round: 77 }],
  ["a voter whose electorate differs by two members", "pg2", { electorate: ["pg1", "pg2", "pg3", "pg4", "pg5"] }],
];
for (const [what, asked, changes] of uncounted) {
  test(`claim: ${what} is not a second vote`, () => {
    const { claim, request } = acquire(fresh(), 0);
    const one = grantedBy(claim, request.round, 1, ["pg1"]);
    assert.equal(remainingMs(count(one, asked, yes("pg2", request.round, changes), 1), 1), 0);
    assert.ok(
      remainingMs(count(one, "pg2", yes("pg2", request.round), 1), 1) > 0,
      "a proper vote would have been enough",
    );
  });
}

test("claim: the grants must be a majority of the voters' electorates too", () => {
  const mine = ["pg1", "pg2", "pg3", "pg4", "pgx"];
  const theirs = ["pg1", "pg2", "pg3", "pg4"];
  const { claim, request } = acquire(fresh(mine), 0);
  const counted = (c: ClaimState, v: string) => count(c, v, yes(v, request.round, { electorate: theirs }), 1);
  const three = ["pg1", "pg2", "pgx"].reduce(counted, claim);
  assert.equal(remainingMs(three, 1), 0, "three of my five, but only two of their four");
  assert.ok(remainingMs(counted(three, "pg3"), 1) > 0);
});

test("claim: a majority of the voters' smaller electorate is not enough", () => {
  const { claim, request } = acquire(fresh([...electorate, "pg4"]), 0);
  const two = grantedBy(claim, request.round, 1);
  assert.equal(remainingMs(two, 1), 0);
  assert.ok(remainingMs(grantedBy(two, request.round, 1, ["pg3"]), 1) > 0);
});

test("claim: answers after the lease would have ended do not make a holder", () => {
  const { claim, request } = acquire(fresh(), 0);
  assert.equal(grantedBy(claim, request.round, ttlMs - marginMs).lease, null);
  assert.notEqual(grantedBy(claim, request.round, ttlMs - marginMs - 1).lease, null);
});

test("claim: a renewal extends the lease from when it was sent", () => {
  const { claim, request } = renewing(holder(), 1_000);
  assert.deepEqual([request.kind, request.term], ["renew", { number: 1, nodeId: 1 }]);
  assert.equal(grantedBy(claim, request.round, 1_500).lease?.untilMs, 1_000 + ttlMs - marginMs);
});

test("claim: renewals counted in the wrong order never shorten the lease", () => {
  const first = renewing(holder(), 1_000);
  const second = renewing(first.claim, 2_000);
  const later = grantedBy(second.claim, second.request.round, 2_100);
  assert.equal(grantedBy(later, first.request.round, 2_200).lease?.untilMs, 2_000 + ttlMs - marginMs);
});

test("claim: a late vote for an acquisition does not shorten the lease that has been renewed since", () => {
  const renewal = renewing(holder(), 1_000);
  const renewed = grantedBy(renewal.claim, renewal.request.round, 1_100);
  assert.deepEqual(grantedBy(renewed, 1, 1_200, ["pg3"]).lease, renewed.lease);
});

test("claim: a lease that has ended is not renewed, neither by a request nor by a late answer", () => {
  assert.equal(renew(holder(), ttlMs - marginMs), null);
  assert.equal(renew(fresh(), 0), null);
  const { claim, request } = renewing(holder(), 1_000);
  const late = grantedBy(claim, request.round, ttlMs - marginMs);
  assert.equal(remainingMs(late, ttlMs - marginMs), 0);
  const inTime = grantedBy(claim, request.round, ttlMs - marginMs - 1);
  assert.equal(remainingMs(inTime, ttlMs - marginMs), 1_000);
});

test("claim: a renewal of an older lease does not bring its term back", () => {
  const begun = acquire(holder(), 100);
  const old = renewing(begun.claim, 200);
  const anew = grantedBy(old.claim, begun.request.round, 300);
  assert.equal(anew.lease?.term.number, 2);
  assert.deepEqual(grantedBy(anew, old.request.round, 400).lease, anew.lease);
});

test("claim: a released lease stays released", () => {
  const renewal = renewing(holder(), 1_000);
  const given = release(renewal.claim);
  assert.deepEqual([given.request?.kind, given.request?.term], ["release", { number: 1, nodeId: 1 }]);
  assert.equal(remainingMs(given.claim, 1_000), 0);
  assert.equal(grantedBy(given.claim, renewal.request.round, 1_001).lease, null);
  assert.equal(release(given.claim).request, null, "nothing is left to release");
  assert.equal(acquire(given.claim, 2_000).request.term.number, 2);
});

test("claim: a released attempt counts no answers, and its term is not used again", () => {
  const attempt = acquire(fresh(), 0);
  const given = release(attempt.claim);
  assert.deepEqual(given.request?.term, attempt.request.term);
  assert.equal(grantedBy(given.claim, attempt.request.round, 1).lease, null);
  const next = acquire(given.claim, 2);
  assert.ok(next.request.term.number > attempt.request.term.number);
  assert.equal(new Set([attempt.request.round, given.request?.round, next.request.round]).size, 3);
});

test("claim: a new attempt forgets the answers of the one before", () => {
  const first = acquire(fresh(), 0);
  const one = grantedBy(first.claim, first.request.round, 1, ["pg1"]);
  const second = acquire(one, 2);
  assert.equal(grantedBy(second.claim, first.request.round, 3).lease, null);
  assert.equal(grantedBy(second.claim, second.request.round, 3, ["pg2"]).lease, null);
});

test("claim: a term is newer than any known one, also from voters that refuse", () => {
  const { claim, request } = acquire(fresh(), 0);
  const refused = count(
    claim,
    "pg2",
    yes("pg2", request.round, { granted: false, highest: { number: 8, nodeId: 3 } }),
    1,
  );
  assert.deepEqual(acquire(refused, 2).request.term, { number: 9, nodeId: 1 });
});

test("claim: old rounds are forgotten", () => {
  let claim = holder();
  for (let at = 1_000; at < 60_000; at += 1_000) {
    const sent = renewing(claim, at);
    claim = grantedBy(sent.claim, sent.request.round, at);
    assert.ok(claim.rounds.length <= ttlMs / 1_000);
  }
});

type Act = { do: "acquire" | "renew" | "release" } | { do: "answer"; voter: string; back: number; granted: boolean };
const arbitraryAct: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("acquire" as const, "renew" as const, "release" as const) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      voter: fc.constantFrom(...electorate),
      back: fc.integer({ min: 0, max: 3 }),
      granted: fc.boolean(),
    }),
  },
);

test("claim: no history gives a lease that a majority has not granted", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(arbitraryAct, fc.integer({ min: 0, max: 2_000 })), { maxLength: 60 }), (acts) => {
      let claim = fresh();
      let now = 0;
      const sent = new Map<number, { request: LeaseRequest; at: number; by: Set<string> }>();
      for (const [act, laterMs] of acts) {
        now += laterMs;
        const before = claim;
        if (act.do === "answer") {
          const round = claim.nextRound - 1 - act.back;
          if (act.granted) sent.get(round)?.by.add(act.voter);
          claim = count(claim, act.voter, yes(act.voter, round, { granted: act.granted }), now);
        } else {
          const next = act.do === "acquire"
            ? acquire(claim, now)
            : act.do === "renew"
            ? renew(claim, now)
            : release(claim);
          if (next?.request) sent.set(next.request.round, { request: next.request, at: now, by: new Set() });
          claim = next?.claim ?? claim;
        }
        const { lease } = claim;
        if (lease === null || lease === before.lease) continue;
        assert.equal(act.do, "answer");
        const paid = [...sent.values()].filter((s) =>
          s.request.term.number === lease.term.number && s.by.size >= 2 && s.at + ttlMs - marginMs === lease.untilMs
        );
        const unchanged = lease.untilMs === before.lease?.untilMs && lease.term === before.lease.term;
        assert.ok(paid.length > 0 || unchanged, "a majority has granted exactly this");
        if (remainingMs(before, now) === 0) {
          assert.ok(paid.some((s) => s.request.kind === "acquire"), "begun by acquiring");
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test("claim: the margin covers two clocks that run wrong in opposite directions, and the fence", () => {
  for (const ttl of [1_000, 5_000, 60_000]) {
    const { marginMs: margin } = rulesOf(ttl);
    const slowest = (ttl - margin + fenceMarginMs) / 0.99;
    const fastest = ttl / 1.01;
    assert.ok(slowest <= fastest, `${slowest} > ${fastest}`);
  }
});

test("isMajority(), isRefused() and retryAfterMs() count as they say", () => {
  assert.deepEqual([1, 2, 3].map((n) => isMajority(n, electorate)), [false, true, true]);
  assert.deepEqual([2, 3].map((n) => isMajority(n, [...electorate, "pg4"])), [false, true]);
  assert.equal(isRefused([no("pg1", 9)], electorate), false);
  assert.equal(isRefused([no("pg1", 9), no("pg2", 9)], electorate), true);
  assert.equal(isRefused([yes("pg1", 1), yes("pg2", 1)], electorate), false);
  const refused = [no("pg1", 4_000), no("pg2", 900), no("pg3", 100)];
  assert.equal(retryAfterMs(refused, electorate, 0), 950);
  assert.equal(retryAfterMs(refused, electorate, 0.999), 950 + 199);
  assert.equal(retryAfterMs([], electorate, 0), 50);
  assert.equal(retryAfterMs([yes("pg1", 1), no("pg2", 30)], electorate, 0), 80);
  // the third has not been heard when two have refused: it may be free as soon as the first of them
  assert.equal(retryAfterMs([no("pg1", 5_000), no("pg2", 1_650)], electorate, 0), 1_700);
});

test("isRefused() counts every electorate in which the attempt needs a majority", () => {
  const four = ["pg1", "pg2", "pg3", "pg4"];
  const five = [...four, "pg5"];
  const said = [yes("pg1", 1, { electorate: five }), no("pg3", 9), no("pg4", 9)];
  assert.equal(isRefused(said, five), false, "three of five are left");
  assert.equal(isRefused([...said, yes("pg2", 1, { electorate: four })], five), true, "two of four are left");
  assert.equal(isRefused([...said, no("pg4", 9)], five), false, "one voter that answers twice refuses once");
});
