// PURE: nodes that have more WAL than this one and cannot start: when nobody waits for them any more.
import { hasRoom, lacksRoom } from "../../../core/postgres/room.ts";
import { bytesAhead, type WalPosition } from "../../../core/postgres/lsn.ts";
import { longMs } from "./recovery.ts";
import { type ClusterView, reached, type ReachedPeer } from "./view.ts";

/** What a node that cannot start may be ahead and is not waited for, bytes: a segment that was switched early counts whole. */
const stuckLagBytes = 64 * 1024 * 1024;

/**
 * The view without the WAL of nodes that have more than this one and cannot start: after the time that a long recovery is
 * given, or at once where their disk is full, nobody waits for them. In strict mode they prove nothing then: what only they
 * have was not acknowledged if the others prove all.
 */
export function withoutStuck<T extends Pick<ClusterView, "peers">>(view: T, own: WalPosition): T {
  const stuck = ({ role, failingMs, diskFreeBytes, position }: ReachedPeer) => {
    const waitMs = lacksRoom(diskFreeBytes) ? 0 : longMs;
    if (role !== "none" || failingMs <= waitMs || position?.timeline !== own.timeline) return false;
    const ahead = bytesAhead(position.lsn, own.lsn);
    return ahead > 0 && ahead <= stuckLagBytes;
  };
  return { ...view, peers: view.peers.map((p) => p.seen === "reached" && stuck(p) ? { ...p, position: null } : p) };
}

/**
 * For a former primary whose volume has no room and which failed: the standby that leads instead, or null. The standby in
 * turn does not wait for it (withoutStuck). In strict mode all of them have to be there, since they prove all without it.
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
