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
import { type EpochReply, type EpochRequest, judgeEpoch, type KnowingReply } from "./decide/epoch.ts";
import type { Epochs } from "./epochs.ts";
import type { Counter } from "../words/metric.ts";
import type { Log } from "../runtime/log.ts";
import { leaseNowMs } from "../runtime/time.ts";

export class Voter {
  private state: VoterState;
  /** the epoch that was granted last, and to which claimant */
  private epoch: EpochRequest | null = null;
  private readonly complained = new Set<string>();
  constructor(
    o: { name: string; incarnation: string; ttlMs: number; electorate: readonly string[] },
    private readonly log: Log,
    private readonly epochs: Epochs,
    /** counts the requests answered */
    private readonly answered?: Counter,
  ) {
    this.state = newVoter({ ...o, startedMs: leaseNowMs() }, epochs.highest() === null);
  }

  get electorate(): readonly string[] {
    return this.state.electorate;
  }

  /** Only for a forced failover and its end. */
  setElectorate(electorate: readonly string[]): void {
    this.state = { ...this.state, electorate };
  }

  /** The newest term seen, or null. */
  get highest(): Term | null {
    return this.state.highest;
  }

  /** Answers a request from any claimant, this node's own included. */
  handle(request: LeaseRequest): KnowingReply {
    this.answered?.inc();
    return { ...this.answer(request), leaderships: this.epochs.leaderships() };
  }

  private answer(request: LeaseRequest): LeaseReply {
    const before = this.state.grant?.to.host;
    const { voter, reply } = vote(this.state, request, leaseNowMs());
    this.state = voter;
    if (voter.grant !== null && voter.grant.to.host !== before) {
      this.log.info("Lease granted", { to: voter.grant.to.host, term: voter.grant.term.number });
    }
    this.noteDifference(request);
    return reply;
  }

  /**
   * Answers the holder of the lease, which asks for an epoch. A granted one is on disk before this resolves. `seen`: the
   * highest timeline that this node has seen; an observer has none. Throws if the epoch cannot be written.
   */
  async grantEpoch(request: EpochRequest, seen = 0): Promise<EpochReply> {
    const { name, incarnation, electorate } = this.state;
    const stored = this.epochs.highest();
    const highest = stored === null ? null : Math.max(stored, seen);
    const holder = liveGrant(this.state, leaseNowMs())?.to ?? null;
    const highestTo = highest !== null && this.epoch?.epoch === highest ? this.epoch.from : null;
    const { ok, because } = judgeEpoch({ holder, highest, highestTo }, request);
    if (ok) {
      this.epoch = request;
      await this.epochs.grant(request);
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
