// One voter of the majority lease: keeps its state, answers POST /control/lease, and tells whom it has granted to.
import { z } from "zod";
import {
  type LeaseReply,
  type LeaseRequest,
  liveGrant,
  newVoter,
  type Term,
  vote,
  type VoterState,
} from "./decide/vote.ts";
import type { Log } from "../runtime/log.ts";
import { leaseNowMs } from "../runtime/time.ts";

export const votePath = "/control/lease";

const TermBody = z.object({ number: z.number().int().nonnegative(), nodeId: z.number().int() });

const Request = z.object({
  kind: z.enum(["acquire", "renew", "release"]),
  from: z.object({ nodeId: z.number().int(), host: z.string().max(300), incarnation: z.string().max(100) }),
  term: TermBody,
  ttlMs: z.number().int().positive(),
  electorate: z.array(z.string().max(300)).max(100),
  round: z.number().int(),
});

/** What a voter answers, as it comes over the network. */
export const Reply: z.ZodType<LeaseReply> = z.object({
  voter: z.string(),
  incarnation: z.string(),
  round: z.number().int(),
  granted: z.boolean(),
  because: z.string(),
  electorate: z.array(z.string()),
  highest: TermBody.nullable(),
  freeInMs: z.number(),
});

export class Voter {
  private state: VoterState;
  private readonly complained = new Set<string>();
  /** requests answered since the start */
  requests = 0;

  constructor(
    o: { name: string; incarnation: string; ttlMs: number; electorate: readonly string[] },
    private readonly log: Log,
  ) {
    this.state = newVoter({ ...o, startedMs: leaseNowMs() });
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

  /** A request as it came, from outside or from this node's own claimant. Throws ZodError where it is malformed. */
  handle(body: unknown): LeaseReply {
    const request: LeaseRequest = Request.parse(body);
    this.requests++;
    const before = this.state.grant?.to.host;
    const { voter, reply } = vote(this.state, request, leaseNowMs());
    this.state = voter;
    if (voter.grant !== null && voter.grant.to.host !== before) {
      this.log.info("Lease granted", { to: voter.grant.to.host, term: voter.grant.term.number });
    }
    this.noteDifference(request);
    return reply;
  }

  /** To whom this voter has granted the lease, and for how long yet; null where to nobody. */
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
    this.log.warn("Another node counts other voters", {
      host: from.host,
      theirs,
      ours,
      fix: "give PARTNER_NODES and QUORUM_OBSERVERS the same value on all nodes and observers",
    });
  }
}
