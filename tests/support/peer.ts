// Peers for tables and properties: a healthy standby of node 1 ("a"), or a node that does not answer.
import type { Peer, ReachedPeer } from "../../roles/postgres-node/decide/view.ts";

/** A standby that streams from "a" and is in order, with changes. */
export const standbyPeer = (host: string, nodeId: number, changes: Partial<ReachedPeer> = {}): ReachedPeer => ({
  seen: "reached",
  host,
  ownHost: host,
  nodeId,
  name: host,
  uptimeSeconds: 60,
  role: "standby",
  hasCluster: true,
  wasPrimary: false,
  systemIdentifier: "1",
  position: { timeline: 1, lsn: "0/5000000" },
  certain: true,
  failingMs: 0,
  priority: 100,
  becomingPrimary: false,
  everHadMajority: true,
  partners: [],
  paused: { on: false, count: 0, atMs: 0 },
  diskFreeBytes: null,
  upstream: "a",
  streaming: true,
  held: false,
  forced: false,
  force: null,
  overruled: false,
  ...changes,
});

/** A node whose agent does not answer. */
export const lostPeer = (host: string): Peer => ({ host, seen: "unreachable", error: "no answer" });
