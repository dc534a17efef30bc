// One simulated agent: a voter, and a claimant unless it is an observer, behaving as roles/postgres-node/lease/lease.ts does, but
// wilder: it also acquires again while it holds the lease, and hands over for no reason. Its clock has its own offset and rate.
import { isRefused, newClaim, remainingMs, retryAfterMs } from "../../core/lease/decide/claim.ts";
import type { ClaimState } from "../../core/lease/decide/claim.ts";
import {
  type LeaseReply,
  type LeaseRequest,
  maxTerm,
  newVoter,
  type VoterState,
} from "../../core/lease/decide/vote.ts";
import type { Random } from "./random.ts";
import type { Rules } from "./rules.ts";

export interface Timing {
  ttlMs: number;
  renewMs: number;
  askMs: number;
}

/** What an agent does to the world around it. */
export interface Surroundings {
  rules: Rules;
  random: Random;
  timing: Timing;
  /** no wild acts and no hand-overs: the time after the faults */
  calm: boolean;
  send(from: Agent, request: LeaseRequest): void;
  /** calls `agent.tick()` after so many milliseconds of the agent's clock, unless another timer was set since */
  wake(agent: Agent, afterMs: number): void;
}

export class Agent {
  up = false;
  frozen = false;
  /** grows with every start, and is part of the incarnation */
  life = 0;
  timer = 0;
  electorate: readonly string[] = [];
  voter!: VoterState;
  claim: ClaimState | null = null;
  /** its PostgreSQL may be alive until this moment of its own clock */
  serverUntilMs = -Infinity;
  private asking: { round: number; said: LeaseReply[] } | null = null;
  private clock = { atMs: 0, localMs: 0, rate: 1 };

  constructor(readonly index: number, readonly name: string, readonly observer: boolean) {}

  localMs(nowMs: number): number {
    return this.clock.localMs + (nowMs - this.clock.atMs) * this.clock.rate;
  }

  /** The machine has been rebooted: its clock starts again, and no server has survived. */
  boot(nowMs: number, random: Random): void {
    this.clock = { atMs: nowMs, localMs: random.between(0, 1e6), rate: random.between(0.99, 1.01) };
    this.serverUntilMs = -Infinity;
  }

  /** The true time that a span of the agent's clock takes. */
  trueSpanMs(localSpanMs: number): number {
    return localSpanMs / this.clock.rate;
  }

  setRate(rate: number, nowMs: number): void {
    this.clock = { atMs: nowMs, localMs: this.localMs(nowMs), rate };
  }

  remainingMs(nowMs: number): number {
    return this.up && this.claim !== null ? remainingMs(this.claim, this.localMs(nowMs)) : 0;
  }

  start(nowMs: number, around: Surroundings): void {
    this.up = true;
    this.frozen = false;
    this.life++;
    const incarnation = `${this.name}#${this.life}`;
    const { ttlMs } = around.timing;
    const startedMs = this.localMs(nowMs);
    this.voter = newVoter({ name: this.name, incarnation, startedMs, ttlMs, electorate: this.electorate });
    const self = { nodeId: this.index + 1, host: this.name, incarnation };
    this.claim = this.observer ? null : newClaim(self, this.electorate, around.rules.rulesOf(ttlMs));
    this.asking = null;
    if (this.claim) around.wake(this, around.random.between(0, ttlMs / 2));
  }

  /** A request to this agent's voter. */
  answer(request: LeaseRequest, nowMs: number, rules: Rules): LeaseReply {
    const { voter, reply } = rules.vote(this.voter, request, this.localMs(nowMs));
    this.voter = voter;
    return reply;
  }

  tick(nowMs: number, around: Surroundings): void {
    if (this.claim === null) return;
    const { random, timing, calm, rules } = around;
    const rest = rules.restMs(this.claim, this.localMs(nowMs));
    if (rest > 0) return around.wake(this, rest);
    if (this.asking !== null) {
      return this.giveUp(nowMs, around, retryAfterMs(this.asking.said, this.electorate, random.next()));
    }
    if (remainingMs(this.claim, this.localMs(nowMs)) === 0) return this.ask(nowMs, around);
    if (!calm && random.chance(0.02)) return this.giveUp(nowMs, around, random.between(0, timing.ttlMs));
    if (!calm && random.chance(0.01)) return this.ask(nowMs, around);
    const sent = rules.renew(this.claim, this.localMs(nowMs));
    if (sent !== null) this.sendAs(sent, around);
    around.wake(this, timing.renewMs);
  }

  private ask(nowMs: number, around: Surroundings): void {
    const seen = { ...this.claim!, highest: maxTerm(this.claim!.highest, this.voter.highest) };
    const sent = around.rules.acquire(seen, this.localMs(nowMs));
    this.asking = { round: sent.request.round, said: [] };
    around.wake(this, around.timing.askMs);
    this.sendAs(sent, around);
  }

  /** Releases the lease, also in a hand-over: PostgreSQL has been stopped before. */
  private giveUp(nowMs: number, around: Surroundings, pauseMs: number): void {
    if (remainingMs(this.claim!, this.localMs(nowMs)) > 0) this.serverUntilMs = -Infinity;
    this.asking = null;
    around.wake(this, pauseMs);
    const { claim, request } = around.rules.release(this.claim!);
    this.claim = claim;
    if (request !== null) around.send(this, request);
  }

  private sendAs(sent: { claim: ClaimState; request: LeaseRequest }, around: Surroundings): void {
    this.claim = sent.claim;
    around.send(this, sent.request);
  }

  /** An answer to one of this agent's requests. */
  take(asked: string, reply: LeaseReply, nowMs: number, around: Surroundings): void {
    if (this.claim === null) return;
    this.claim = around.rules.count(this.claim, asked, reply, this.localMs(nowMs));
    if (this.asking?.round !== reply.round) return;
    this.asking.said.push(reply);
    const { lease } = this.claim;
    const begun = lease !== null && !this.claim.rounds.some((r) => r.id === reply.round);
    if (begun && remainingMs(this.claim, this.localMs(nowMs)) > 0) {
      this.asking = null;
      return around.wake(this, around.timing.renewMs);
    }
    if (isRefused(this.asking.said, this.electorate) && around.rules.restMs(this.claim, this.localMs(nowMs)) === 0) {
      this.giveUp(nowMs, around, retryAfterMs(this.asking.said, this.electorate, around.random.next()));
    }
  }
}
