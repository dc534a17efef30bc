// What a node counts and measures: an event is a line in nodeEvents(), and a call in the code of the event.
import { driftShare, fenceMarginMs } from "../../../core/lease/decide/claim.ts";
import { refusedRequests } from "../../../core/http/control.ts";
import type { EventMetrics } from "../../../core/words/metric.ts";

const rejoinWays = ["rewind", "rewind with WAL from barman", "clone"] as const;
const failoverSteps = ["last-record", "permission", "epoch", "promotion"] as const;
const leadCauses = ["failover", "hand-over", "forced", "start", "restore"] as const;
const handOverCauses = ["switchover", "stop", "fault"] as const;

/** How this node got data with which it can follow the primary again. */
export type RejoinWay = typeof rejoinWays[number];
/** Why this node became the primary. */
export type LeadCause = typeof leadCauses[number];
/** Why this node gave its leadership to another one: an operator's wish, its stop, or something that it lacks. */
export type HandOverCause = typeof handOverCauses[number];

/** What is counted or measured where it happens. */
export function nodeEvents(metrics: EventMetrics) {
  const quick = [0.25, 0.5, 1, 2, 5, 10, 30];
  return {
    refused: refusedRequests(metrics),
    leaseRequest: metrics.counter(
      "postdock_lease_requests_total",
      "Requests for the lease that this voter has answered",
    ),
    leaseAge: metrics.duration(
      "postdock_lease_age_seconds",
      `Age of the lease when a majority renewed it, seconds; it is lost at ${1 - driftShare} * LEASE_TTL - ${
        fenceMarginMs / 1000
      }`,
      [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 10],
    ),
    promotion: metrics.duration(
      "postdock_promotion_seconds",
      "Time from the wish to promote this node until it is read-write, seconds",
      quick,
    ),
    handOver: metrics.duration(
      "postdock_hand_over_seconds",
      "Time from the end of PostgreSQL here until the successor's answer, seconds",
      quick,
    ),
    rejoin: metrics.durationOfEach(
      "postdock_rejoin_seconds",
      "Duration of successful rewinds and clones of this node's data directory, seconds",
      { label: "way", kinds: rejoinWays, upTo: [1, 2, 5, 10, 30, 60, 300, 1800, 7200] },
    ),
    step: metrics.durationOfEach(
      "postdock_failover_step_seconds",
      "Duration of each step that made this node the primary, seconds",
      { label: "step", kinds: failoverSteps, upTo: quick },
    ),
    led: metrics.counterOfEach(
      "postdock_leaderships_total",
      "Times that this node has become the primary since its agent started",
      { label: "cause", kinds: leadCauses },
    ),
    fence: metrics.counterOfEach(
      "postdock_fences_total",
      "Times that PostgreSQL was stopped here because the lease had ended, or was missing, since the agent started",
      { label: "cause", kinds: ["lease-ended", "lease-missing"] },
    ),
    handedOver: metrics.counterOfEach(
      "postdock_hand_overs_total",
      "Times that this node has handed over to another one since its agent started",
      { label: "cause", kinds: handOverCauses },
    ),
    handOverFailed: metrics.counterOfEach(
      "postdock_hand_overs_failed_total",
      "Hand-overs that failed since the agent started; the nodes elect a primary then",
      { label: "cause", kinds: handOverCauses },
    ),
    restored: metrics.counterOfEach(
      "postdock_restores_total",
      "Restores of this node from a backup that have ended since its agent started",
      { label: "end", kinds: ["led", "undone"] },
    ),
  };
}

export type NodeEvents = ReturnType<typeof nodeEvents>;
