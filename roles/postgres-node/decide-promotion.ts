// PURE: may this standby become primary now?
import { type ClusterView, countMajority, reached, type ReachedPeer } from "./cluster-view.ts";
import { longMs } from "./decide-recovery.ts";
import type { RunningView } from "./decide-running.ts";
import { provesAll } from "./decide-sync.ts";
import { bytesAhead, comparePosition, type WalPosition } from "./lsn.ts";
import { hasRoom, lacksRoom } from "../runtime/decide-room.ts";

export interface MayPromote {
  /** only one of several equally advanced standbys may */
  tieBreak: boolean;
  /** an operator or the primary itself wants this node */
  asked?: boolean;
  /** it is known to have every acknowledged commit: the primary has handed over to it */
  proven?: boolean;
  /** what is in view was seen with the lease in hand */
  final?: boolean;
}

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

/**
 * In strict mode: why the nodes in sight do not prove that the most advanced of them has every commit; null where they do.
 * What is `final` counts only nodes that are certain how far their WAL reaches.
 */
export function missingProof(
  view: Pick<ClusterView, "strict" | "otherPartners" | "peers" | "everHadMajority">,
  { final = false }: { final?: boolean } = {},
): string | null {
  // before a majority has joined, no commit was acknowledged by anybody else
  if (!view.strict || !(view.everHadMajority || reached(view).some((p) => p.everHadMajority))) return null;
  const told = reached(view).filter((p) => view.otherPartners.includes(p.host) && p.position !== null);
  const unsure = final ? told.filter((p) => !p.certain).map((p) => p.host) : [];
  const seen = told.length - unsure.length + 1;
  const nodes = view.otherPartners.length + 1;
  if (provesAll(seen, nodes)) return null;
  const blind = unsure.length > 0 ? `; not sure how far its WAL reaches: ${unsure.join(", ")}` : "";
  return `CONSISTENCY is strict, and ${seen} of ${nodes} nodes do not prove that no acknowledged commit is lost${blind}`;
}

/**
 * Whether this standby may become primary now; repmgrd asks before it promotes, and the agent for itself.
 * With `tieBreak` only one of several equally advanced standbys may (repmgrd's election has broken the tie already).
 */
export function decideMayPromote(
  all: Omit<
    RunningView,
    "streaming" | "notStreamingMs" | "noPrimaryMs" | "trouble" | "upstream" | "sawPrimary" | "license" | "origin"
  >,
  options: MayPromote,
): { ok: boolean; because: string } {
  const view = withoutStuck(all, all.position);
  const refuse = (because: string) => ({ ok: false, because });
  if (view.role === "primary") return refuse("this node is already primary");
  if (view.paused && !options.asked) return refuse("automatic failover is paused; `postdock cluster resume` ends that");
  if (view.self.priority === 0 && !options.asked) return refuse("NODE_PRIORITY is 0");
  if (view.otherPartners.length === 0 && view.configuredUpstream !== null && view.peers.length > 0) {
    const partnered = reached(view).some((p) => p.everHadMajority);
    if (partnered) return refuse("this node is of the second level: the nodes of PARTNER_NODES decide");
  }
  const peers = reached(view).filter((p) => p.systemIdentifier === view.systemIdentifier);
  const alive = peers.find((p) => p.role === "primary");
  if (alive) return refuse(`${alive.host} is primary and answers`);
  const becoming = peers.find((p) => p.becomingPrimary);
  if (becoming) return refuse(`${becoming.host} is becoming primary`);
  const majority = countMajority({ ...view, everHadMajority: true });
  if (!majority.ok) {
    return refuse(`only ${majority.have} of ${majority.size} voters answer; missing: ${majority.missing.join(", ")}`);
  }
  const proof = options.proven ? null : missingProof(view, options);
  if (proof !== null) return refuse(proof);
  const electable = view.otherPartners.length > 0 ? peers.filter((p) => view.otherPartners.includes(p.host)) : peers;
  const better = electable.find((p) => isBetter(p, view, options.tieBreak));
  if (better) return refuse(`${better.host} has newer data or comes first`);
  return { ok: true, because: `${majority.have} of ${majority.size} voters answer and none has newer data` };
}

/** repmgr's order: received LSN, then priority, then the lower id. */
function isBetter(
  peer: { position: WalPosition | null; priority: number; nodeId: number; role: string },
  view: { position: WalPosition; self: { priority: number; nodeId: number } },
  tieBreak: boolean,
): boolean {
  if (!peer.position) return false;
  const order = comparePosition(peer.position, view.position);
  if (order > 0) return true;
  if (order < 0 || !tieBreak || peer.role !== "standby" || peer.priority === 0) return false;
  return peer.priority > view.self.priority ||
    (peer.priority === view.self.priority && peer.nodeId < view.self.nodeId);
}
