// PURE: the rules of a voter of the majority lease, after Trencséni, Gazsó, Reinhardt: PaxosLease (arXiv:1209.4187).
// A voter keeps no grant on disk. Instead it is silent for one whole LEASE_TTL after every start.

/** A node that asks for the lease, in one run of its agent. Two containers with the same name are two claimants. */
export interface Claimant {
  nodeId: number;
  host: string;
  incarnation: string;
}

/** The refusal of a voter that is silent after its start; it passes by itself. */
export const startedLately = "this voter started less than one LEASE_TTL ago";

/** Terms grow; two claimants never use the same one. */
export interface Term {
  number: number;
  nodeId: number;
}

/** By how many members two electorates may differ. With one, any two majorities still share a voter. */
const electorateSlack = 1;

export interface LeaseRequest {
  kind: "acquire" | "renew" | "release";
  from: Claimant;
  term: Term;
  /** LEASE_TTL of the claimant, milliseconds */
  ttlMs: number;
  electorate: readonly string[];
  /** the number of this request, which its answers repeat */
  round: number;
}

export interface LeaseReply {
  voter: string;
  /** of the voter's agent: one agent under two names has one vote */
  incarnation: string;
  round: number;
  granted: boolean;
  because: string;
  /** the voter's own electorate, which the claimant checks as well */
  electorate: readonly string[];
  /** the newest term that this voter has seen, or null */
  highest: Term | null;
  /** how long until this voter is free to grant, milliseconds; 0 if waiting changes nothing */
  freeInMs: number;
}

export interface Grant {
  to: Claimant;
  term: Term;
  untilMs: number;
}

export interface VoterState {
  name: string;
  incarnation: string;
  startedMs: number;
  ttlMs: number;
  electorate: readonly string[];
  grant: Grant | null;
  /** the newest lease that was released: a delayed request must not bring it back */
  released: { from: Claimant; term: Term } | null;
  highest: Term | null;
  /** the claimant that was granted to last, and the newest of its requests */
  newest: { from: Claimant; round: number } | null;
  /** it cannot read the epochs that it has granted, which a claimant would have to know */
  blind: boolean;
}

export function newVoter(
  o: { name: string; incarnation: string; startedMs: number; ttlMs: number; electorate: readonly string[] },
  blind = false,
): VoterState {
  return { ...o, grant: null, released: null, highest: null, newest: null, blind };
}

/** The grant that still counts at this time, or null. */
export function liveGrant(voter: VoterState, nowMs: number): Grant | null {
  return voter.grant !== null && nowMs < voter.grant.untilMs ? voter.grant : null;
}

/** Answers one request. Times are the voter's own monotonic milliseconds. */
export function vote(
  voter: VoterState,
  request: LeaseRequest,
  nowMs: number,
): { voter: VoterState; reply: LeaseReply } {
  const answer = (granted: boolean, because: string, next: VoterState, freeInMs = 0) => ({
    voter: next,
    reply: {
      voter: voter.name,
      incarnation: voter.incarnation,
      round: request.round,
      granted,
      because,
      electorate: voter.electorate,
      highest: next.highest,
      freeInMs,
    },
  });
  const refusal = standingRefusal(voter, request);
  if (refusal !== null) return answer(false, refusal, voter);
  const held = liveGrant(voter, nowMs);
  const own = held !== null && sameClaimant(held.to, request.from);
  if (request.kind === "release") {
    const noted = withReleased(voter, request);
    if (!own || compareTerm(held.term, request.term) !== 0) return answer(false, "this voter has no such grant", noted);
    return answer(true, "released", { ...noted, grant: null });
  }
  const silentMs = voter.startedMs + voter.ttlMs - nowMs;
  if (silentMs > 0) {
    return answer(false, startedLately, withRenewed(voter, request), silentMs);
  }
  if (held !== null && !own) return answer(false, `granted to ${held.to.host}`, voter, held.untilMs - nowMs);
  if (request.kind === "renew" && request.round < newestRound(voter, request.from)) {
    return answer(false, "a newer request of this claimant came before this one", voter);
  }
  const outdated = outdatedTerm(voter, request, own ? held : null);
  if (outdated !== null) return answer(false, outdated, voter);
  const untilMs = Math.max(nowMs + request.ttlMs, own ? held.untilMs : 0);
  return answer(true, "granted", {
    ...voter,
    grant: { to: request.from, term: request.term, untilMs },
    highest: maxTerm(voter.highest, request.term),
    newest: { from: request.from, round: Math.max(request.round, newestRound(voter, request.from)) },
  });
}

/** Renewals that somebody has held back on their way would keep a dead claimant's lease from the others. */
const newestRound = ({ newest }: VoterState, from: Claimant): number =>
  newest !== null && sameClaimant(newest.from, from) ? newest.round : 0;

/** A release is remembered even if it overtakes the request that it ends: otherwise that request would block all claimants. */
function withReleased(voter: VoterState, { from, term }: LeaseRequest): VoterState {
  const newer = voter.released === null || compareTerm(term, voter.released.term) > 0;
  return newer ? { ...voter, released: { from, term } } : voter;
}

/** A restarted voter has forgotten the terms. While it is silent, it learns the present one from the holder's renewals. */
function withRenewed(voter: VoterState, request: LeaseRequest): VoterState {
  return request.kind === "renew" ? { ...voter, highest: maxTerm(voter.highest, request.term) } : voter;
}

/** Why this voter would refuse the request at any time; null if it would not. */
function standingRefusal(voter: VoterState, request: LeaseRequest): string | null {
  if (!request.electorate.includes(voter.name)) return `${voter.name} is not in the claimant's electorate`;
  if (!sameElectorate(voter.electorate, request.electorate)) {
    return `the electorates differ by more than one member; this voter has ${voter.electorate.join(",")}`;
  }
  if (voter.blind && request.kind === "acquire") return "this voter cannot read the epochs that it has granted";
  if (request.ttlMs > voter.ttlMs) return `LEASE_TTL of this voter is ${voter.ttlMs} ms, shorter than the claimant's`;
  return null;
}

function outdatedTerm(voter: VoterState, request: LeaseRequest, own: Grant | null): string | null {
  const { released } = voter;
  if (released && sameClaimant(released.from, request.from) && compareTerm(request.term, released.term) <= 0) {
    return "this term has been given up";
  }
  const order = own === null ? 1 : compareTerm(request.term, own.term);
  if (order < 0) return "the claimant already has a newer term";
  if (request.kind === "renew" || (own !== null && order === 0)) return null;
  if (voter.highest !== null && compareTerm(request.term, voter.highest) <= 0) {
    return "the term is not newer than one that this voter has seen";
  }
  return null;
}

export function sameClaimant(a: Claimant, b: Claimant): boolean {
  return a.nodeId === b.nodeId && a.incarnation === b.incarnation;
}

/** Whether every majority of one electorate meets every majority of the other. */
export function sameElectorate(a: readonly string[], b: readonly string[]): boolean {
  const difference = a.filter((m) => !b.includes(m)).length + b.filter((m) => !a.includes(m)).length;
  return difference <= electorateSlack;
}

export function compareTerm(a: Term, b: Term): number {
  return a.number - b.number || a.nodeId - b.nodeId;
}

export function maxTerm(a: Term | null, b: Term | null): Term | null {
  if (a === null || b === null) return a ?? b;
  return compareTerm(a, b) >= 0 ? a : b;
}
