// What a node sees at its start, for tables and properties: three nodes of the first level, this one with data and in order.
import type { ClusterView, OwnCluster, ReachedPeer } from "../../roles/postgres-node/decide/view.ts";
import { standbyPeer } from "./peer.ts";

export const hosts = ["pgmaster", "pgslave1", "pgslave3"];

export const ownCluster = (changes: Partial<OwnCluster> = {}): OwnCluster => ({
  kind: "cluster",
  systemIdentifier: "1",
  position: { timeline: 1, lsn: "0/5000000" },
  origin: null,
  parent: null,
  ungranted: false,
  wasPrimary: true,
  endRead: true,
  lastUpstream: null,
  restored: null,
  ...changes,
});

export const stoppedPeer = (host: string, changes: Partial<ReachedPeer> = {}) =>
  standbyPeer(host, hosts.indexOf(host) + 1, { role: "none", upstream: null, streaming: false, ...changes });

export const startView = (changes: Partial<ClusterView>): ClusterView => ({
  self: { host: "pgmaster", nodeId: 1, name: "pgmaster", priority: 100, uptimeSeconds: 60 },
  mayBootstrap: true,
  configuredUpstream: null,
  otherPartners: ["pgslave1", "pgslave3"],
  observers: [],
  quorum: true,
  paused: false,
  restoring: null,
  strict: false,
  everHadMajority: true,
  leaderships: [],
  cleanOverRewind: false,
  data: ownCluster(),
  restore: null,
  peers: [],
  primary: null,
  stuckWithoutRoom: false,
  waitedMs: 60_000,
  cloneBecause: null,
  leadsAgain: false,
  overruled: false,
  ...changes,
});
