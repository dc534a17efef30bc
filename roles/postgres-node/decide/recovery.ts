// PURE: whether a primary that recovers from a crash goes on, or gives way to a standby that can lead sooner.
import { sizeText } from "../../../core/words/amounts.ts";
import { type Peer, reached } from "./view.ts";
import { successorLagBytes } from "./successor.ts";
import { bytesAhead, comparePosition, type WalPosition } from "../../../core/postgres/lsn.ts";

export interface RecoveryView {
  /** how long the server has been recovering, milliseconds */
  recoveringMs: number;
  systemIdentifier: string;
  /** the end of this node's WAL: no acknowledged commit is beyond it */
  end: WalPosition;
  /** CONSISTENCY=strict */
  strict: boolean;
  /** an operator has paused automatic failover */
  paused: boolean;
  otherPartners: readonly string[];
  peers: readonly Peer[];
}

export type RecoveryPlan = { do: "wait" } | { do: "hand-over"; to: string; because: string };

/** A recovery that ends within this time is faster than a hand-over, milliseconds. */
export const patienceMs = 2_000;
/** After this time a failover would have replaced a dead node, and would have lost no less, milliseconds. */
export const longMs = 6_000;

/** After 2 s a standby that has all of this node's WAL leads. After 6 s one that is close leads, except in strict mode. */
export function decideRecovery(view: RecoveryView): RecoveryPlan {
  if (view.paused || view.recoveringMs < patienceMs) return { do: "wait" };
  const [best] = reached(view).filter((p) =>
    view.otherPartners.includes(p.host) && p.role === "standby" && p.priority > 0 &&
    p.systemIdentifier === view.systemIdentifier && p.position?.timeline === view.end.timeline
  ).toSorted((a, b) => comparePosition(b.position!, a.position!) || b.priority - a.priority || a.nodeId - b.nodeId);
  if (!best) return { do: "wait" };
  const bytes = bytesAhead(view.end.lsn, best.position!.lsn);
  const seconds = Math.round(view.recoveringMs / 1000);
  if (bytes <= 0) {
    return {
      do: "hand-over",
      to: best.host,
      because: `this node has been recovering for ${seconds} s, and ${best.host} has all of its WAL`,
    };
  }
  if (view.strict || view.recoveringMs < longMs || bytes > successorLagBytes) return { do: "wait" };
  return {
    do: "hand-over",
    to: best.host,
    because: `this node has been recovering for ${seconds} s, and ${best.host} is only ${sizeText(bytes)} behind`,
  };
}
