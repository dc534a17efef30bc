// This node as a claimant of the majority lease: acquires it, renews it, keeps the fence armed, and releases it.
// The rules are in core/lease/decide/claim.ts; this file only sends requests, counts answers and reads the clock.
import { type LeaseMode, leaseModeOf } from "../../../config/quorum.ts";
import * as claims from "../../../core/lease/decide/claim.ts";
import {
  type EpochRequest,
  type KnowingReply,
  type Leadership,
  withLeaderships,
} from "../../../core/lease/decide/epoch.ts";
import { type LeaseReply, type LeaseRequest, maxTerm } from "../../../core/lease/decide/vote.ts";
import { HeldUp } from "../../../core/runtime/held-up.ts";
import { leaseNowMs } from "../../../core/runtime/time.ts";
import { orders } from "../../../core/protocol/orders.ts";
import type { LeaseDeps } from "./needs.ts";
import { Reminder } from "./reminder.ts";
import { reserveEpoch } from "./reservation.ts";
import { type AskVoters, askVoters } from "./voters.ts";

export type Attempt = { held: true } | { held: false; because: string; retryMs: number };

/** How long an attempt waits for answers, milliseconds. */
const askMs = 600;
/** How long a release waits for answers, milliseconds. At a voter that it does not reach, the grant has to run out. */
const releaseMs = 300;

export class Lease {
  readonly mode: LeaseMode;
  private claim: claims.ClaimState;
  /** PostgreSQL may be read-write: it must not outlive the lease */
  private armed = false;
  /** how long after the last attempt the next one makes sense, milliseconds */
  retryMs = 0;
  private renewing: AbortController | null = null;
  /** the epoch that a majority has given this node under its present lease */
  private reserved: { term: number; epoch: number; systemIdentifier: string } | null = null;
  /** what the voters have said of earlier leaderships */
  private known: readonly Leadership[] = [];
  private readonly reminder: Reminder;
  private readonly heldUp: HeldUp;
  /** why each voter last did not grant, by its name */
  private readonly refusals = new Map<string, string>();

  constructor(private readonly deps: LeaseDeps) {
    const { config, incarnation } = deps;
    this.mode = leaseModeOf(config);
    this.reminder = new Reminder(deps.client, deps.log);
    this.heldUp = new HeldUp(deps.clock);
    const self = { nodeId: config.id, host: config.host, incarnation };
    this.claim = claims.newClaim(self, config.electorate, claims.rulesOf(config.leaseTtlMs));
  }

  remainingMs(): number {
    // reading the clock is reading a file, which a node that never held the lease can spare
    return this.claim.lease === null ? 0 : claims.remainingMs(this.claim, leaseNowMs());
  }

  held(): boolean {
    return this.remainingMs() > 0;
  }

  term(): number {
    return Math.max(this.claim.lease?.term.number ?? 0, this.claim.highest?.number ?? 0);
  }

  /** The epoch that was reserved under the lease that this node holds now; null if there is none. */
  epoch(): number | null {
    return this.held() && this.reserved?.term === this.claim.lease?.term.number ? this.reserved?.epoch ?? null : null;
  }

  /**
   * The leaderships that the voters have reported, this node's own among them. While this node holds the lease, none is
   * missing: the majority that granted it has reported all that have an epoch, and no other can get one.
   */
  leaderships(): readonly Leadership[] {
    return withLeaderships(this.known, this.deps.voter.leaderships);
  }

  /** Reserves an epoch for the leadership of this node, which holds the lease (reservation.ts). Throws if it gets none. */
  async reserveEpoch(known: number, systemIdentifier: string): Promise<number> {
    const { config, voter, newestTimeline, log } = this.deps;
    const { self, electorate, lease } = this.claim;
    const term = lease?.term.number ?? 0;
    const epoch = await reserveEpoch(known, {
      from: self,
      systemIdentifier,
      partners: config.partners,
      holds: () => this.held() && this.claim.lease?.term.number === term,
      own: (request) => voter.grantEpoch(request, newestTimeline()),
      ...this.asking(electorate, askMs),
    });
    this.reserved = { term, epoch, systemIdentifier };
    log.info("Epoch reserved", { epoch, term });
    return epoch;
  }

  /**
   * The first leadership of a cluster begins before there is a majority to ask for an epoch: its timeline counts as one. Each
   * voter learns of it, and of PARTNER_NODES, with the next renewal. Throws if this node's own voter cannot write it down.
   */
  async adoptEpoch(epoch: number, systemIdentifier: string): Promise<void> {
    if (!this.held() || this.epoch() !== null) return;
    this.reserved = { term: this.claim.lease!.term.number, epoch, systemIdentifier };
    await this.deps.voter.grantEpoch(this.request(epoch), 0);
  }

  private asking(electorate: readonly string[], timeoutMs: number): Omit<AskVoters<object>, "own" | "done"> {
    const { config, client, clock } = this.deps;
    return { electorate, self: config.host, client, clock, timeoutMs };
  }

  private request(epoch: number): EpochRequest {
    const systemIdentifier = this.reserved?.systemIdentifier ?? "";
    return { from: this.claim.self, epoch, systemIdentifier, partners: this.deps.config.partners, again: true };
  }

  refusalTexts(): string[] {
    return [...this.refusals].map(([voter, why]) => `${voter}: ${why}`);
  }

  /** An operator answers for the missing voters: from now on this node's own vote is enough. */
  force(): void {
    this.setElectorate([this.deps.config.host]);
  }

  /**
   * Returns to the configured voters once a majority of them grants this node the lease. False if it does not. The epoch of the
   * leadership so far is none of theirs: the next one reserves its own.
   */
  async unforce(): Promise<boolean> {
    const alone = this.claim;
    this.renewing?.abort();
    this.setElectorate(this.deps.config.electorate);
    const { reserved } = this;
    const attempt = await this.acquire({ keepOwnVote: true });
    if (!attempt.held) {
      this.setElectorate(alone.electorate);
      await this.acquire();
    }
    const { lease } = this.claim;
    const goesOn = !attempt.held && lease !== null && reserved !== null;
    this.reserved = goesOn ? { ...reserved, term: lease.term.number } : null;
    return attempt.held;
  }

  /** Whether this node's own vote is enough, after force(). */
  alone(): boolean {
    const { electorate } = this.claim;
    return electorate.length === 1 && electorate.length !== this.deps.config.electorate.length;
  }

  /** Another node leads: the configured voters count again. */
  standDown(): void {
    this.setElectorate(this.deps.config.electorate);
  }

  private setElectorate(electorate: readonly string[]): void {
    const { self, rules, highest, nextRound } = this.claim;
    this.claim = { ...claims.newClaim(self, electorate, rules), highest, nextRound };
    this.deps.voter.setElectorate(electorate);
  }

  private whyNot(): string {
    return (this.refusalTexts().join("; ") || "no voter answered") + this.heldUp.text(this.deps.config.leaseTtlMs / 4);
  }

  /** From now on PostgreSQL ends when the lease ends. */
  arm(): void {
    this.armed = true;
    this.deps.fence.arm(this.claim.lease?.untilMs ?? 0);
  }

  /** PostgreSQL is not read-write, or needs no lease. A server that is started once this resolves has no deadline to fear. */
  disarm(): Promise<void> {
    this.armed = false;
    return this.deps.fence.disarm();
  }

  /**
   * Makes one attempt to get the lease. On success the lease is renewed until release(), or until it is lost. `keepOwnVote` is
   * for a primary that stays one if the attempt fails: its own voter then does not grant the lease to another node.
   */
  async acquire(options: { keepOwnVote?: boolean } = {}): Promise<Attempt> {
    if (this.held()) return { held: true };
    this.retryMs = claims.restMs(this.claim, leaseNowMs());
    if (this.retryMs > 0) {
      return { held: false, because: "the previous lease of this node has only just ended", retryMs: this.retryMs };
    }
    const seen = { ...this.claim, highest: maxTerm(this.claim.highest, this.deps.voter.highest) };
    const { claim, request } = claims.acquire(seen, leaseNowMs());
    this.claim = claim;
    const over = (said: readonly LeaseReply[]) => this.held() || claims.isRefused(said, this.claim.electorate);
    const replies = await this.askAll(request, askMs, over);
    if (this.held()) {
      this.deps.log.info("Lease acquired", {
        term: this.claim.lease?.term.number,
        forMs: Math.round(this.remainingMs()),
      });
      this.keepRenewing();
      return { held: true };
    }
    await this.giveUp({ keepOwnVote: options.keepOwnVote });
    this.retryMs = claims.retryAfterMs(replies, this.claim.electorate, this.deps.random());
    return { held: false, because: this.whyNot(), retryMs: this.retryMs };
  }

  /**
   * Releases the lease, so that no claimant has to wait until it runs out. If the fence is armed, PostgreSQL is ended first.
   * Waits until a majority knows of it, and `heir`, the node that is to have the lease next.
   */
  async release(because: string, heir: string | null = null): Promise<void> {
    if (!this.renewing && !this.held()) return;
    // a server that may be read-write, or about to be, ends before another node may have the lease; until then it is renewed
    if (this.armed && !(await this.deps.endServer())) {
      return this.deps.log.error("Lease not released: PostgreSQL processes do not end", { because });
    }
    this.deps.log.info("Lease released", { term: this.claim.lease?.term.number, because });
    this.renewing?.abort();
    this.renewing = null;
    this.disarm();
    await this.giveUp({ heir });
  }

  private async giveUp({ heir = null, keepOwnVote = false }: { heir?: string | null; keepOwnVote?: boolean }) {
    const { claim, request } = claims.release(this.claim);
    this.claim = claim;
    if (request === null) return;
    const known = (said: readonly LeaseReply[]) =>
      claims.isMajority(said.length, this.claim.electorate) && (heir === null || said.some((r) => r.voter === heir));
    await this.askAll(request, releaseMs, known, keepOwnVote);
  }

  private keepRenewing(): void {
    this.renewing?.abort();
    const renewing = this.renewing = new AbortController();
    void this.renewLoop(renewing.signal);
    void this.expiryLoop(renewing);
  }

  private async renewLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.heldUp.sleep(this.deps.config.leaseRenewMs, signal);
      const next = signal.aborted ? null : claims.renew(this.claim, leaseNowMs());
      if (!next) return;
      this.claim = next.claim;
      void this.askAll(next.request, this.deps.config.leaseTtlMs, () => false);
    }
  }

  /** The agent's own fence, beside the fence process. */
  private async expiryLoop(renewing: AbortController): Promise<void> {
    const { endServer, log } = this.deps;
    while (!renewing.signal.aborted) {
      const leftMs = this.remainingMs();
      if (leftMs > 0) {
        await this.heldUp.sleep(leftMs, renewing.signal);
        continue;
      }
      renewing.abort();
      this.renewing = null;
      const gone = this.armed ? await endServer() : true;
      const because = `the lease of term ${this.claim.lease?.term.number} ended: ${this.whyNot()}`;
      log.error("Lease lost", { because, fenced: this.armed, gone });
      this.deps.onLost(because);
    }
  }

  private async askAll(
    request: LeaseRequest,
    timeoutMs: number,
    done: (said: readonly LeaseReply[]) => boolean,
    withoutOwn = false,
  ) {
    const own = withoutOwn ? null : () => this.deps.voter.handle(request);
    const o = { ...this.asking(request.electorate, timeoutMs), own, done };
    return await askVoters(orders.vote, request, o, (asked, answer) => {
      if (request.kind === "release") return;
      if ("error" in answer) this.refusals.set(asked, answer.error);
      else this.take(asked, answer);
    });
  }

  private take(asked: string, reply: KnowingReply): void {
    if (reply.leaderships.length > 0) this.known = withLeaderships(this.known, reply.leaderships);
    const nowMs = leaseNowMs();
    const { lease: held, rules } = this.claim;
    const before = held?.untilMs ?? 0;
    this.claim = claims.count(this.claim, asked, reply, nowMs);
    if (reply.granted) this.refusals.delete(asked);
    else this.refusals.set(asked, reply.because);
    const after = this.claim.lease?.untilMs ?? 0;
    const epoch = reply.granted && asked !== this.deps.config.host ? this.epoch() : null;
    if (epoch !== null && reply.epoch !== null && reply.epoch < epoch) {
      void this.reminder.tell(asked, this.request(epoch));
    }
    if (after <= before) return;
    if (this.armed) this.deps.fence.arm(after);
    if (before > nowMs) this.deps.onRenewed(nowMs - (before - rules.ttlMs + rules.marginMs));
  }
}
