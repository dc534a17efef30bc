// The rules under test, and the same rules with one planted fault: the simulation must distinguish them.
import {
  acquire,
  type ClaimState,
  count,
  fenceMarginMs,
  type LeaseRules,
  release,
  renew,
  restMs,
  rulesOf,
} from "../../core/lease/decide/claim.ts";
import { type LeaseReply, type LeaseRequest, vote, type VoterState } from "../../core/lease/decide/vote.ts";

export interface Rules {
  rulesOf: (ttlMs: number) => LeaseRules;
  vote: (voter: VoterState, request: LeaseRequest, nowMs: number) => { voter: VoterState; reply: LeaseReply };
  restMs: (claim: ClaimState, nowMs: number) => number;
  acquire: (claim: ClaimState, nowMs: number) => { claim: ClaimState; request: LeaseRequest };
  renew: (claim: ClaimState, nowMs: number) => { claim: ClaimState; request: LeaseRequest } | null;
  release: (claim: ClaimState) => { claim: ClaimState; request: LeaseRequest | null };
  count: (claim: ClaimState, asked: string, reply: LeaseReply, nowMs: number) => ClaimState;
}

export const trueRules: Rules = { rulesOf, vote, restMs, acquire, renew, release, count };

/** Counts an answer as if its round had been sent at another time. */
function sentAt(claim: ClaimState, round: number, sentMs: number): ClaimState {
  return { ...claim, rounds: claim.rounds.map((r) => r.id === round ? { ...r, sentMs } : r) };
}

/** Lets a voter judge a changed request; its memory and its answer keep its own electorate and start. */
function votesAs(change: (voter: VoterState, request: LeaseRequest) => [Partial<VoterState>, Partial<LeaseRequest>]) {
  return (voter: VoterState, request: LeaseRequest, nowMs: number) => {
    const [otherVoter, otherRequest] = change(voter, request);
    const { voter: next, reply } = vote({ ...voter, ...otherVoter }, { ...request, ...otherRequest }, nowMs);
    const { startedMs, electorate } = voter;
    return { voter: { ...next, startedMs, electorate }, reply: { ...reply, electorate } };
  };
}

/** A lease that has run out counts as valid for one more answer. */
function countLate(claim: ClaimState, asked: string, reply: LeaseReply, nowMs: number): ClaimState {
  const { lease } = claim;
  if (lease === null || lease.untilMs > nowMs) return count(claim, asked, reply, nowMs);
  const stretched = { ...lease, untilMs: nowMs + 1e-6 };
  const counted = count({ ...claim, lease: stretched }, asked, reply, nowMs);
  return counted.lease === stretched ? { ...counted, lease } : counted;
}

/** The kinds of worlds; each planted fault names the kind in which it is found. */
export const worldKinds = ["ordinary", "rolling", "odd-one", "two-extras", "misrouted"] as const;
export type WorldKind = typeof worldKinds[number];

export interface Planted {
  rules: Rules;
  world: WorldKind;
}

const planted = (world: WorldKind, change: Partial<Rules>): Planted => ({ world, rules: { ...trueRules, ...change } });

export const plantedFaults: Readonly<Record<string, Planted>> = {
  "a voter speaks at once after its start": planted("ordinary", {
    vote: votesAs(() => [{ startedMs: -Infinity }, {}]),
  }),
  "the lease counts from the answer": planted("ordinary", {
    count: (claim, asked, reply, nowMs) => {
      const sent = claim.rounds.find((r) => r.id === reply.round)?.sentMs ?? nowMs;
      return sentAt(count(sentAt(claim, reply.round, nowMs), asked, reply, nowMs), reply.round, sent);
    },
  }),
  "a renewal counts after the lease has run out": planted("ordinary", { count: countLate }),
  "no margin": planted("ordinary", { rulesOf: (ttlMs) => ({ ttlMs, marginMs: 0 }) }),
  "a margin for the fence, none for the drift of clocks": planted("ordinary", {
    rulesOf: (ttlMs) => ({ ttlMs, marginMs: fenceMarginMs }),
  }),
  "a node acquires again while its server is dying": planted("ordinary", { restMs: () => 0 }),
  "voters and claimants do not compare electorates": planted("odd-one", {
    vote: votesAs((voter, request) => [{ electorate: [...request.electorate, voter.name] }, {
      electorate: [...request.electorate, voter.name],
    }]),
    count: (claim, asked, reply, nowMs) => count(claim, asked, { ...reply, electorate: claim.electorate }, nowMs),
  }),
  "a majority of the claimant's electorate is enough": planted("two-extras", {
    count: (claim, asked, reply, nowMs) => count(claim, asked, { ...reply, electorate: claim.electorate }, nowMs),
  }),
  "a release ends any lease": planted("ordinary", {
    vote: votesAs((voter, request) => {
      const own = request.kind === "release" && voter.grant !== null;
      return [{}, own ? { from: voter.grant!.to, term: voter.grant!.term } : {}];
    }),
  }),
  "a release of any term ends the lease": planted("ordinary", {
    vote: votesAs((voter, request) => {
      const own = request.kind === "release" && voter.grant?.to.incarnation === request.from.incarnation;
      return [{}, own ? { term: voter.grant!.term } : {}];
    }),
  }),
  "one agent counts under every name that reaches it": planted("misrouted", {
    count: (claim, asked, reply, nowMs) =>
      count(claim, asked, { ...reply, voter: asked, incarnation: `${asked} ${reply.incarnation}` }, nowMs),
  }),
  "a voter forgets that it has granted": planted("ordinary", { vote: votesAs(() => [{ grant: null }, {}]) }),
};
