// PURE: another node as this one sees it, from its answer.
import type { PeerSeen } from "../../../core/protocol/status.ts";
import type { Peer } from "./view.ts";

/** What decisions look at of an answer; a node that did not answer, or cannot be read, stays what it is. */
export function toPeer(answer: PeerSeen): Peer {
  if (answer.seen !== "reached") return answer;
  const { status, status: { postgres: { timeline, lsn } } } = answer;
  return {
    seen: "reached",
    host: answer.host,
    ownHost: status.node.host,
    nodeId: status.node.id,
    name: status.node.name,
    uptimeSeconds: status.uptimeSeconds,
    role: status.postgres.role,
    hasCluster: status.postgres.data === "cluster" || status.postgres.data === "unknown",
    wasPrimary: status.postgres.wasPrimary,
    systemIdentifier: status.postgres.systemIdentifier,
    position: timeline !== null && lsn !== null ? { timeline, lsn } : null,
    certain: status.certain,
    failingMs: status.failingMs,
    priority: status.priority,
    becomingPrimary: status.becomingPrimary,
    everHadMajority: status.everHadMajority,
    partners: status.partners,
    paused: status.paused,
    diskFreeBytes: status.disk?.freeBytes ?? null,
    upstream: status.postgres.upstream?.host ?? null,
    streaming: status.postgres.upstream?.streaming ?? false,
    held: status.lease.held,
    forced: status.forced,
    force: status.force,
    overruled: status.overruled,
  };
}
