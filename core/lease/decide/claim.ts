// PURE: the rules of a claimant of the majority lease: acquire, renew, count answers, release.
// Times are the claimant's own monotonic milliseconds. A lease counts from the time its request was sent, never from an answer.
import {
  type Claimant,
  compareTerm,
  type LeaseReply,
  type LeaseRequest,
  maxTerm,
  sameElectorate,
  type Term,
} from "./vote.ts";

export interface LeaseRules {
  ttlMs: number;
  /** taken off the end of every lease, for the drift of two clocks and for the time that a fence takes */
  marginMs: number;
}

/**
 * The time that it takes to end PostgreSQL, milliseconds. Measured: up to 0.27 s from SIGQUIT to the end of the last process,
 * with the last acknowledgement 0.07 s after the signal; 0.62 s on two cores at load 70. The resolution of the clock adds 10 ms.
 */
export const fenceMarginMs = 600;
/** The share of a lease by which two clocks may drift apart: each is up to 1 % wrong, in opposite directions. */
export const driftShare = 0.02;

export function rulesOf(ttlMs: number): LeaseRules {
  return { ttlMs, marginMs: Math.ceil(ttlMs * driftShare) + fenceMarginMs };
}

/** What one voter reported with its grant. */
interface Grant {
  incarnation: string;
  electorate: readonly string[];
}

interface Round {
  id: number;
  kind: "acquire" | "renew";
  sentMs: number;
  term: Term;
  /** the grants received, by the voter's name */
  grants: Readonly<Record<string, Grant>>;
}

export interface ClaimState {
  self: Claimant;
  electorate: readonly string[];
  rules: LeaseRules;
  /** the present or the last lease; valid until `untilMs` */
  lease: { term: Term; untilMs: number } | null;
  rounds: readonly Round[];
  nextRound: number;
  highest: Term | null;
}

export function newClaim(self: Claimant, electorate: readonly string[], rules: LeaseRules): ClaimState {
  return { self, electorate, rules, lease: null, rounds: [], nextRound: 1, highest: null };
}

/** Milliseconds for which this node may still act as the holder; 0 if it may not. */
export function remainingMs(claim: ClaimState, nowMs: number): number {
  return Math.max(0, (claim.lease?.untilMs ?? 0) - nowMs);
}

/**
 * How long this node must wait before it asks for the lease again, milliseconds. Its PostgreSQL may still be ending after the
 * last lease. A failed attempt is released, and that release would make the voters forget when the last lease ends.
 */
export function restMs(claim: ClaimState, nowMs: number): number {
  if (claim.lease === null || remainingMs(claim, nowMs) > 0) return 0;
  return Math.max(0, claim.lease.untilMs + fenceMarginMs - nowMs);
}

/** Begins an attempt to get the lease under a newer term than any seen. Earlier attempts are forgotten. */
export function acquire(claim: ClaimState, nowMs: number): { claim: ClaimState; request: LeaseRequest } {
  const number = Math.max(claim.highest?.number ?? 0, claim.lease?.term.number ?? 0) + 1;
  return send({ ...claim, rounds: [] }, "acquire", { number, nodeId: claim.self.nodeId }, nowMs);
}

/** Begins a renewal. Null if the lease has ended: then it can only be acquired again. */
export function renew(claim: ClaimState, nowMs: number): { claim: ClaimState; request: LeaseRequest } | null {
  if (claim.lease === null || remainingMs(claim, nowMs) === 0) return null;
  return send(claim, "renew", claim.lease.term, nowMs);
}

/** Releases the lease or the attempt: no later answer counts. The request is null if there is nothing to release. */
export function release(claim: ClaimState): { claim: ClaimState; request: LeaseRequest | null } {
  const term = claim.rounds.find((r) => r.kind === "acquire")?.term ?? claim.lease?.term;
  const next = { ...claim, lease: null, rounds: [] };
  if (!term) return { claim: next, request: null };
  return {
    claim: { ...next, nextRound: claim.nextRound + 1, highest: maxTerm(claim.highest, term) },
    request: requestOf(claim, "release", term),
  };
}

function send(claim: ClaimState, kind: Round["kind"], term: Term, nowMs: number) {
  const oldest = nowMs - claim.rules.ttlMs;
  const round: Round = { id: claim.nextRound, kind, sentMs: nowMs, term, grants: {} };
  return {
    claim: {
      ...claim,
      rounds: [...claim.rounds.filter((r) => r.sentMs > oldest), round],
      nextRound: claim.nextRound + 1,
      highest: maxTerm(claim.highest, term),
    },
    request: requestOf(claim, kind, term),
  };
}

function requestOf(claim: ClaimState, kind: LeaseRequest["kind"], term: Term): LeaseRequest {
  const { self, electorate, rules, nextRound } = claim;
  return { kind, from: self, term, ttlMs: rules.ttlMs, electorate, round: nextRound };
}

/** Counts one answer. A renewal counts only for the lease that it renews, and only while that lease is valid. */
export function count(claim: ClaimState, asked: string, reply: LeaseReply, nowMs: number): ClaimState {
  const seen = { ...claim, highest: maxTerm(claim.highest, reply.highest) };
  const round = claim.rounds.find((r) => r.id === reply.round);
  if (!round || !reply.granted || reply.voter !== asked || !claim.electorate.includes(asked)) return seen;
  if (!sameElectorate(claim.electorate, reply.electorate)) return seen;
  if (Object.entries(round.grants).some(([name, g]) => g.incarnation === reply.incarnation && name !== asked)) {
    return seen;
  }
  const { incarnation, electorate } = reply;
  const counted = { ...round, grants: { ...round.grants, [asked]: { incarnation, electorate } } };
  const rounds = claim.rounds.map((r) => r.id === round.id ? counted : r);
  const next = { ...seen, rounds };
  if (!isMajorityOfAll(counted.grants, claim.electorate)) return next;
  const untilMs = round.sentMs + claim.rules.ttlMs - claim.rules.marginMs;
  if (nowMs >= untilMs) return next;
  if (round.kind === "acquire") {
    return { ...next, lease: { term: round.term, untilMs }, rounds: rounds.filter((r) => r.id !== round.id) };
  }
  const { lease } = claim;
  if (lease === null || remainingMs(claim, nowMs) === 0 || compareTerm(lease.term, round.term) !== 0) return next;
  return { ...next, lease: { term: lease.term, untilMs: Math.max(untilMs, lease.untilMs) } };
}

/**
 * Whether the grants are a majority of this claimant's electorate, and of the electorate of every voter that granted. Two
 * claimants whose electorates differ by more than one member then share a voter whose electorate lies between theirs.
 */
export function isMajorityOfAll(
  grants: Readonly<Record<string, Pick<Grant, "electorate">>>,
  electorate: readonly string[],
): boolean {
  return isMajorityOfEach(Object.keys(grants), [electorate, ...Object.values(grants).map((g) => g.electorate)]);
}

function isMajorityOfEach(voters: readonly string[], electorates: readonly (readonly string[])[]): boolean {
  return electorates.every((e) => isMajority(voters.filter((v) => e.includes(v)).length, e));
}

export function isMajority(votes: number, electorate: readonly string[]): boolean {
  return votes * 2 > electorate.length;
}

/**
 * Whether so many voters have refused that the attempt cannot succeed, whatever the others answer. To wait for them would only
 * keep the voters that have granted from granting the lease to another claimant.
 */
export function isRefused(said: readonly LeaseReply[], electorate: readonly string[]): boolean {
  const refused = said.filter((r) => !r.granted).map((r) => r.voter);
  const open = electorate.filter((v) => !refused.includes(v));
  return !isMajorityOfEach(open, [electorate, ...said.filter((r) => r.granted).map((r) => r.electorate)]);
}

/**
 * How long to wait before the next attempt, milliseconds: until a majority can be free, and a random time more, so that two
 * claimants do not collide again. A voter that has not answered counts as free as soon as the first of the others is.
 * `random` is in [0, 1).
 */
export function retryAfterMs(replies: readonly LeaseReply[], electorate: readonly string[], random: number): number {
  const needed = Math.floor(electorate.length / 2) + 1;
  const said = replies.map((r) => r.granted ? 0 : r.freeInMs);
  const silent = Array.from(
    { length: electorate.length - said.length },
    () => Math.min(...said.filter((ms) => ms > 0)),
  );
  const free = [...said, ...silent].toSorted((a, b) => a - b);
  const majorityFreeMs = free[needed - 1] ?? 0;
  return (Number.isFinite(majorityFreeMs) ? majorityFreeMs : 0) + 50 + Math.floor(random * 200);
}
