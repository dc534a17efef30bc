// PURE: which standby is to lead when this primary stops or hands over, or why none can.
import { sizeText } from "../../../core/words/amounts.ts";
import { type Peer, reached, type ReachedPeer } from "./view.ts";
import { bytesAhead, comparePosition, type WalPosition } from "../../../core/postgres/lsn.ts";

export interface SuccessionView {
  self: { host: string; uptimeSeconds: number };
  systemIdentifier: string;
  position: WalPosition;
  otherPartners: readonly string[];
  peers: readonly Peer[];
  /** the standby that an operator asks for, or null */
  wanted: string | null;
}

export type Succession = { to: string } | { none: string };

/** A standby that is further behind would delay clients while it catches up, bytes. */
export const successorLagBytes = 16 * 1024 * 1024;

/** A node that started by so much later than the primary has been updated, or will not be restarted next, seconds. */
const freshSeconds = 10;

/**
 * The standby that is asked for, or of the healthy ones of the first level the one with the highest priority, then one that started
 * after this primary, then the most advanced, then the one with the lowest id. So a rolling update, which ends in this primary,
 * never moves the primary to a node that is still to be restarted while another one is done. The distance comes late: those that
 * are too far behind are out already, and positions were seen at different moments.
 */
export function decideSuccessor(view: SuccessionView): Succession {
  const refusals = new Map(view.otherPartners.map((host) => [host, whyNot(host, view)]));
  if (view.wanted !== null) {
    const why = refusals.has(view.wanted) ? refusals.get(view.wanted) : notFirstLevel(view.wanted, view);
    return why === null || why === undefined ? { to: view.wanted } : { none: `${view.wanted} ${why}` };
  }
  const [best] = reached(view).filter((p) => refusals.get(p.host) === null && p.priority > 0).toSorted(
    byFitness(view.self),
  );
  if (best) return { to: best.host };
  const reasons = [...refusals].map(([host, why]) => `${host} ${why ?? "has NODE_PRIORITY 0"}`);
  return { none: reasons.length > 0 ? reasons.join("; ") : "PARTNER_NODES names no other node" };
}

function notFirstLevel(host: string, view: SuccessionView): string {
  return host === view.self.host
    ? "is the primary already"
    : "is not in PARTNER_NODES: only nodes of the first level lead";
}

/** Why the node cannot take over; null if it can. */
function whyNot(host: string, view: SuccessionView): string | null {
  const peer = view.peers.find((p) => p.host === host);
  if (peer?.seen !== "reached") return "does not answer";
  if (peer.systemIdentifier !== view.systemIdentifier) return "belongs to another cluster or has no data";
  if (peer.role !== "standby") return `is not a running standby (its role is ${peer.role})`;
  if (peer.upstream !== view.self.host || !peer.streaming) return "does not stream from this node";
  if (peer.position === null || peer.position.timeline !== view.position.timeline) return "is on another timeline";
  const lag = bytesAhead(view.position.lsn, peer.position.lsn);
  return lag > successorLagBytes ? `is ${sizeText(lag)} behind` : null;
}

function byFitness(primary: { uptimeSeconds: number }): (a: ReachedPeer, b: ReachedPeer) => number {
  const isFresh = (p: ReachedPeer) => p.uptimeSeconds + freshSeconds < primary.uptimeSeconds;
  const further = (a: ReachedPeer, b: ReachedPeer) =>
    a.position && b.position ? comparePosition(b.position, a.position) : 0;
  return (a, b) =>
    b.priority - a.priority || Number(isFresh(b)) - Number(isFresh(a)) || further(a, b) || a.nodeId - b.nodeId;
}
