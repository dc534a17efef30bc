// PURE: nodes that have more WAL than this one and no server that answers, and when they are no longer waited for.
import { hasRoom, lacksRoom } from "../../../core/postgres/room.ts";
import { bytesAhead, type WalPosition } from "../../../core/postgres/lsn.ts";
import { longMs } from "./recovery.ts";
import { type ClusterView, reached, type ReachedPeer } from "./view.ts";

/** A node whose server does not answer is waited for if it is further ahead, bytes. A segment that was switched early counts in full. */
const stuckLagBytes = 64 * 1024 * 1024;

/** A running server that does not answer, since it hangs or recovers for long, is waited for so long, milliseconds. */
const silentMs = 30_000;

/**
 * The view without the WAL of nodes that have more than this one and no server that answers. They are not waited for after the time of
 * a long recovery, or at once if their disk is full. In strict mode they then prove nothing. If the other nodes are proof
 * enough, what only these have was not acknowledged. A server that runs and does not answer is waited for longer.
 */
export function withoutStuck<T extends Pick<ClusterView, "peers">>(view: T, own: WalPosition): T {
  const stuck = ({ role, failingMs, diskFreeBytes, position }: ReachedPeer) => {
    const waitMs = role === "unknown" ? silentMs : lacksRoom(diskFreeBytes) ? 0 : longMs;
    if ((role !== "none" && role !== "unknown") || failingMs <= waitMs || position?.timeline !== own.timeline) {
      return false;
    }
    const ahead = bytesAhead(position.lsn, own.lsn);
    return ahead > 0 && ahead <= stuckLagBytes;
  };
  return { ...view, peers: view.peers.map((p) => p.seen === "reached" && stuck(p) ? { ...p, position: null } : p) };
}

/**
 * For a former primary that failed and whose volume has no room: the standby that leads instead, or null. That standby does
 * not wait for this node (withoutStuck). In strict mode all standbys must answer, to be a proof without this node.
 */
export function rivalWithRoom(
  view: Pick<ClusterView, "peers" | "otherPartners" | "strict" | "quorum" | "paused">,
  own: WalPosition,
): ReachedPeer | null {
  if (!view.quorum || view.paused) return null;
  const standbys = reached(view).filter((p) =>
    view.otherPartners.includes(p.host) && p.role === "standby" && p.position?.timeline === own.timeline
  );
  if (view.strict && standbys.length < view.otherPartners.length) return null;
  const near = ({ position }: ReachedPeer) => bytesAhead(own.lsn, position!.lsn) <= stuckLagBytes;
  return standbys.find((p) => p.priority > 0 && hasRoom(p.diskFreeBytes) && near(p)) ?? null;
}
