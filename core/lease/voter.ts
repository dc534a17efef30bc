// One voter of the majority lease: keeps its state, answers claimants, and reports which of them has its grant.
import {
  type LeaseReply,
  type LeaseRequest,
  liveGrant,
  newVoter,
  type Term,
  vote,
  type VoterState,
} from "./decide/vote.ts";
import { type EpochReply, type EpochRequest, judgeEpoch, type KnowingReply, type Leadership } from "./decide/epoch.ts";
import type { Epochs } from "./epochs.ts";
import type { LongestLease } from "./longest.ts";
import { errorText } from "../words/errors.ts";
import type { Counter } from "../words/metric.ts";
import type { Log } from "../runtime/log.ts";
import { leaseNowMs } from "../runtime/time.ts";

export class Voter {
  private state: VoterState;
  /** the epoch that was granted last, and to which claimant */
  private epoch: EpochRequest | null = null;
  private readonly complained = new Set<string>();
  /** LEASE_TTL here, milliseconds; the state has the longest one that is accepted now */
  private readonly ownTtlMs: number;
  /** of the leases that are being noted, milliseconds */
  private readonly noting: number[] = [];
  constructor(
    o: { name: string; incarnation: string; ttlMs: number; electorate: readonly string[] },
    private readonly log: Log,
    private readonly epochs: Epochs,
    private readonly longest: LongestLease,
    /** counts the requests answered */
    private readonly answered?: Counter,
  ) {
    this.ownTtlMs = o.ttlMs;
    this.state = newVoter({ ...o, ttlMs: longest.ms(), startedMs: leaseNowMs() }, epochs.highest() === null);
  }

  get electorate(): readonly string[] {
    return this.state.electorate;
  }

  /** Only for a forced failover and its end. */
  setElectorate(electorate: readonly string[]): void {
    this.state = { ...this.state, electorate };
  }

  /** The leaderships whose epochs this voter has granted. */
  get leaderships(): readonly Leadership[] {
    return this.epochs.leaderships();
  }

  /** The newest term seen, or null. */
  get highest(): Term | null {
    return this.state.highest;
  }

  /** Answers a request from any claimant, this node's own included. */
  handle(request: LeaseRequest): KnowingReply | Promise<KnowingReply> {
    this.answered?.inc();
    const leaderships = () => request.kind === "acquire" ? this.epochs.leaderships() : [];
    const knowing = (reply: LeaseReply) => ({ ...reply, leaderships: leaderships(), epoch: this.epochs.highest() });
    if (request.ttlMs <= this.state.ttlMs) return knowing(this.answer(request));
    return this.answerLonger(request).then(knowing);
  }

  /** A claimant whose LEASE_TTL is longer than any that this voter may have granted: its grant is noted on disk before it counts. */
  private async answerLonger(request: LeaseRequest): Promise<LeaseReply> {
    const { voter, reply } = vote(accepting(this.state, request.ttlMs), request, leaseNowMs());
    if (!reply.granted || request.kind === "release") {
      this.state = accepting(voter, this.state.ttlMs);
      return reply;
    }
    this.noting.push(request.ttlMs);
    try {
      await this.longest.set(() => this.longestNow());
      this.state = accepting(this.state, this.longest.ms());
      return this.answer(request); // refused if another claimant was faster
    } catch (error) {
      return { ...reply, granted: false, because: `this voter cannot record that lease: ${errorText(error)}` };
    } finally {
      this.noting.splice(this.noting.indexOf(request.ttlMs), 1);
    }
  }

  /** The longest lease that is granted, is being noted, or is configured here, milliseconds. */
  private longestNow(): number {
    const now = leaseNowMs();
    const grantedMs = Math.ceil((liveGrant(this.state, now)?.untilMs ?? now) - now);
    return Math.max(this.ownTtlMs, grantedMs, ...this.noting);
  }

  private answer(request: LeaseRequest): LeaseReply {
    const before = this.state.grant?.to.host;
    const { voter, reply } = vote(this.state, request, leaseNowMs());
    this.state = voter;
    if (voter.grant !== null && voter.grant.to.host !== before) {
      this.log.info("Lease granted", { to: voter.grant.to.host, term: voter.grant.term.number });
    }
    this.noteDifference(request);
    this.shorten();
    return reply;
  }

  /** Once the grant that counts is no longer than LEASE_TTL here, no longer one counts. */
  private shorten(): void {
    const now = leaseNowMs();
    const grant = liveGrant(this.state, now);
    if (this.state.ttlMs <= this.ownTtlMs || grant === null || grant.untilMs - now > this.ownTtlMs) return;
    this.state = accepting(this.state, this.ownTtlMs);
    this.longest.set(() => this.longestNow()).catch((error) =>
      this.log.warn("The longest lease could not be recorded; this voter is silent for longer after its next start", {
        why: errorText(error),
      })
    );
  }

  /**
   * Answers the holder of the lease, which asks for an epoch. A granted one is on disk before this resolves. `seen`: the
   * highest timeline that this node has seen; an observer has none. Throws if the epoch cannot be written.
   */
  async grantEpoch(request: EpochRequest, seen = 0): Promise<EpochReply> {
    const { name, incarnation, electorate } = this.state;
    const stored = this.epochs.highest();
    const highest = stored === null ? null : Math.max(stored, request.again ? 0 : seen);
    const holder = liveGrant(this.state, leaseNowMs())?.to ?? null;
    const highestTo = highest !== null && this.epoch?.epoch === highest ? this.epoch.from : null;
    const { ok, because } = judgeEpoch({ holder, highest, highestTo }, request);
    if (ok) {
      this.epoch = request;
      await this.epochs.grant({
        epoch: request.epoch,
        host: request.from.host,
        systemIdentifier: request.systemIdentifier,
        partners: request.partners,
        ...(electorate.length === 1 ? { alone: true } : {}),
      });
      this.log.info("Epoch granted", { to: request.from.host, epoch: request.epoch, because });
    }
    const now = ok ? request.epoch : highest ?? 0;
    return { voter: name, incarnation, granted: ok, because, electorate, highest: now };
  }

  /** The claimant that has this voter's grant, and for how much longer; null if there is none. */
  granted(): { host: string; nodeId: number; term: number; forMs: number } | null {
    const now = leaseNowMs();
    const grant = liveGrant(this.state, now);
    if (grant === null) return null;
    return { host: grant.to.host, nodeId: grant.to.nodeId, term: grant.term.number, forMs: grant.untilMs - now };
  }

  private noteDifference({ from, electorate }: LeaseRequest): void {
    const theirs = electorate.toSorted().join(",");
    const ours = this.state.electorate.toSorted().join(",");
    if (theirs === ours || this.complained.has(from.host + theirs)) return;
    this.complained.add(from.host + theirs);
    this.log.warn("Another node is configured with other voters", {
      host: from.host,
      theirs,
      ours,
      fix: "set PARTNER_NODES and QUORUM_OBSERVERS to the same values on all nodes and observers",
    });
  }
}

/** The voter with another longest lease that it accepts. Its silence ends when it would have ended. */
function accepting(voter: VoterState, ttlMs: number): VoterState {
  return { ...voter, ttlMs, startedMs: voter.startedMs + voter.ttlMs - ttlMs };
}
