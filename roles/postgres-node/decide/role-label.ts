// PURE: which label the pod of each node is to have, as the primary sees the nodes. Labels lead clients, and protect nothing:
// PostDock decides nothing by them, and a primary whose label is old refuses writes like any other without the lease.
import type { Peer } from "./view.ts";

/** `stay`: a standby keeps its label for a moment, and gets none */
export type Wish = "primary" | "standby" | "stay" | "none";

export interface NodesSeen {
  self: string;
  systemIdentifier: string | null;
  peers: readonly Peer[];
  /** when each host was last seen serving as a standby, milliseconds */
  servedMs: ReadonlyMap<string, number>;
  /** since when this node has led without a break, and now; milliseconds */
  sinceMs: number;
  nowMs: number;
}

/** A standby that is not seen streaming keeps its label for so long, milliseconds: a new primary's standbys log in again. */
const graceMs = 5_000;

/** Whether this is a standby that reads can be sent to. */
export const servesReads = (peer: Peer, systemIdentifier: string | null): boolean =>
  peer.seen === "reached" && peer.role === "standby" && peer.streaming && !peer.overruled &&
  peer.systemIdentifier === systemIdentifier;

/** What this node, which is the primary, wants the label of that host's pod to be. */
export function decideWish(host: string, seen: NodesSeen): Wish {
  if (host === seen.self) return "primary";
  const peer = seen.peers.find((p) => p.host === host);
  if (peer !== undefined && servesReads(peer, seen.systemIdentifier)) return "standby";
  if (peer?.seen === "reached" && surelyNot(peer.role, peer.systemIdentifier !== seen.systemIdentifier)) return "none";
  const lastMs = Math.max(seen.sinceMs, seen.servedMs.get(host) ?? -Infinity);
  return seen.nowMs - lastMs < graceMs ? "stay" : "none";
}

const surelyNot = (role: string, otherCluster: boolean): boolean =>
  otherCluster || role === "primary" || role === "none";

/** Labels of a pod by which services select; the second one is of all that can read. */
export const roleLabel = "postdock/role";
export const readsLabel = "postdock/reads";

export type RoleLabels = {
  [roleLabel]: "primary" | "standby" | null;
  [readsLabel]: "true" | null;
};

/** The labels of a pod for a wish, from those that it has; null: they are right already. */
export function changeFor(wish: Wish, has: Readonly<Record<string, string>>): RoleLabels | null {
  const stays = has[roleLabel] === "standby" ? "standby" : "none";
  const role = wish === "stay" ? stays : wish;
  const wanted: RoleLabels = role === "none"
    ? { [roleLabel]: null, [readsLabel]: null }
    : { [roleLabel]: role, [readsLabel]: "true" };
  const isRight = ([name, value]: [string, string | null]) => (has[name] ?? null) === value;
  return Object.entries(wanted).every(isRight) ? null : wanted;
}
