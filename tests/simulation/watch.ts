// The promises of the lease, checked after every step of the simulation.
import { fenceMarginMs } from "../../core/lease/decide/claim.ts";
import { compareTerm, type Term } from "../../core/lease/decide/vote.ts";
import type { Agent } from "./agent.ts";

/** The clock of a real agent has a resolution of 10 ms, and the fence has that much less. */
const resolutionMs = 10;

interface Held {
  life: number;
  term: Term;
  untilMs: number;
}

const termText = (term: Term): string => `${term.number}/${term.nodeId}`;

export class Watch {
  /** how often a lease began, and how often it went to another agent */
  begun = 0;
  private readonly held: (Held | null)[] = [];
  /** the newest term that was held, and when it was asked for at the earliest */
  private newest: { term: Term; askedMs: number } | null = null;
  private lastStartMs = -Infinity;

  constructor(private readonly agents: readonly Agent[], private readonly ttlMs: number) {}

  /** An agent has lost its memory. */
  noteStart(nowMs: number): void {
    this.lastStartMs = nowMs;
  }

  /** The promise that is broken after something happened to this agent, or null. */
  look(agent: Agent, nowMs: number): string | null {
    return this.lookAtLease(agent, nowMs) ?? this.lookAtHolders(nowMs);
  }

  private lookAtHolders(nowMs: number): string | null {
    let holder: Agent | null = null;
    for (const agent of this.agents) {
      if (agent.remainingMs(nowMs) === 0) continue;
      if (holder !== null) return `two holders: ${holder.name} and ${agent.name}`;
      holder = agent;
    }
    if (holder === null) return null;
    for (const agent of this.agents) {
      if (agent !== holder && agent.localMs(nowMs) < agent.serverUntilMs) {
        return `${holder.name} holds the lease while the server of ${agent.name} may still be alive`;
      }
    }
    return null;
  }

  private lookAtLease(agent: Agent, nowMs: number): string | null {
    const lease = agent.up ? agent.claim?.lease ?? null : null;
    const before = this.held[agent.index] ?? null;
    if (lease === null || agent.remainingMs(nowMs) === 0) return null;
    if (before !== null && before.life === agent.life && compareTerm(before.term, lease.term) === 0) {
      if (before.untilMs <= agent.localMs(nowMs)) return `the lease of ${agent.name} came back after its end`;
      before.untilMs = lease.untilMs;
    } else {
      this.held[agent.index] = { life: agent.life, term: lease.term, untilMs: lease.untilMs };
      const back = this.lookAtTerm(agent, lease.term, nowMs);
      if (back !== null) return back;
    }
    agent.serverUntilMs = Math.max(agent.serverUntilMs, lease.untilMs + fenceMarginMs - resolutionMs);
    return null;
  }

  /** Voters keep nothing on disk, so terms can only be compared while no agent has restarted. */
  private lookAtTerm(agent: Agent, term: Term, nowMs: number): string | null {
    this.begun++;
    const { newest } = this;
    if (newest !== null && newest.askedMs > this.lastStartMs && compareTerm(term, newest.term) <= 0) {
      return `the term went back from ${termText(newest.term)} to ${termText(term)} of ${agent.name}`;
    }
    this.newest = { term, askedMs: nowMs - 1.02 * this.ttlMs };
    return null;
  }
}
