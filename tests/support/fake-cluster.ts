// What a fake node and its partners report, for pure tests.
import { readConfig } from "../../config/env.ts";
import { completeNodeConfig, type NodeConfig, postgresNodeVariables } from "../../config/postgres-node.ts";
import type { NodeStatus, PeerSeen } from "../../core/protocol/status.ts";
import { Restoring } from "../../roles/postgres-node/state/restoring.ts";
import { ownNode } from "../../roles/postgres-node/decide/own.ts";
import type { RoleSeen } from "../../roles/postgres-node/decide/roles.ts";
import type { ServerSeen } from "../../roles/postgres-node/decide/server-seen.ts";
import type { OwnCluster } from "../../roles/postgres-node/decide/view.ts";
import type { ControlData } from "../../roles/postgres-node/text/controldata.ts";
import { renderStatus } from "../../roles/postgres-node/text/status.ts";

const hosts = ["pg1", "pg2", "pg3"];

export function fakeConfig(environment: Record<string, string> = {}): NodeConfig {
  const read = readConfig(postgresNodeVariables, {
    environment: {
      NODE_ID: "1",
      NODE_NAME: "node1",
      CLUSTER_NODE_NETWORK_NAME: "pg1",
      PARTNER_NODES: hosts.join(","),
      ...environment,
    },
    readFile: () => {
      throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const completed = completeNodeConfig(read.config, "pg1");
  if (!completed.ok) throw new Error(JSON.stringify(completed.problems));
  return completed.config;
}

export const cluster = (changes: Partial<OwnCluster> = {}): OwnCluster => ({
  kind: "cluster",
  systemIdentifier: "7",
  position: { timeline: 1, lsn: "0/3000000" },
  endRead: true,
  origin: null,
  parent: null,
  ungranted: false,
  wasPrimary: true,
  lastUpstream: null,
  restored: null,
  ...changes,
});

/** The control file of a server that was shut down. */
export const controlData = (): Pick<ControlData, "state" | "checkpoint" | "minRecoveryEnd"> => ({
  state: "shut down",
  checkpoint: { timeline: 1, lsn: "0/3000000" },
  minRecoveryEnd: null,
});

export const server = (changes: Partial<ServerSeen> = {}): Omit<ServerSeen, "atMs"> => ({
  standby: false,
  systemIdentifier: "7",
  timeline: 1,
  lsn: "0/3000000",
  replayLsn: null,
  announcedLsn: null,
  commitAgeSeconds: null,
  replayPaused: false,
  upstream: null,
  upstreamAddress: null,
  syncNames: "",
  downstream: [],
  registered: null,
  ...changes,
});

/** What the settings of a node in order show. */
export const soundFiles = {
  altered: () => Promise.resolve([]),
  correctSettings: () => Promise.resolve([]),
  raised: () => Promise.resolve([]),
};
export const soundFacts = { version: "17.6", connections: 97, slots: [] };
export const soundSettings = {
  endReceiver: () => Promise.resolve(true),
  settings: () =>
    Promise.resolve({
      wrong: [],
      waiting: [],
      inForce: [],
      ofRoles: [],
      toArchive: null,
      facts: soundFacts,
    }),
  missing: () => Promise.resolve([]),
  login: () => Promise.resolve(),
};

export const soundRole = (name: string): RoleSeen => ({
  name,
  password: "right",
  superuser: true,
  replication: true,
  login: true,
  limited: false,
  lacks: [],
});

/** The report of another node: by default a standby that streams from pg1. */
export function says(host: string, changes: Partial<NodeStatus> = {}, own: Partial<ServerSeen> = {}): NodeStatus {
  const upstream = { host: "pg1", port: 5432, streaming: true };
  const seen = { ...server({ standby: true, replayLsn: "0/3000000", upstream, ...own }), atMs: 0 };
  const id = hosts.indexOf(host) + 1;
  const config = fakeConfig({ NODE_ID: String(id), NODE_NAME: `node${id}`, CLUSTER_NODE_NETWORK_NAME: host });
  return {
    ...renderStatus({
      secrets: [],
      config,
      activity: { phase: "running", doing: "serving", because: "", revision: 1 },
      own: ownNode({
        role: seen.standby ? "standby" : "primary",
        postmasterRuns: true,
        server: seen,
        data: null,
        farthest: null,
        primaryEnd: null,
        caughtUpMs: null,
      }),
      uptimeMs: 60_000,
      observedAgoMs: 0,
      memory: {
        everHadMajority: true,
        paused: { on: false, count: 0, atMs: 0 },
        forced: false,
        force: null,
        restore: null,
        lastRestore: null,
        replaced: null,
      },
      overruled: false,
      restoring: new Restoring().now,
      kept: null,
      reinit: null,
      condition: {
        failingMs: 0,
        fenced: null,
        degraded: null,
        trouble: null,
        unhealthy: null,
        roles: [],
        settings: [],
        facts: soundFacts,
        tls: null,
      },
      disk: { freeBytes: 1e10, totalBytes: 2e10 },
      becomingPrimary: false,
      repmgrd: { running: true, because: null },
      lease: { mode: { on: true }, remainingMs: 0, term: 1, grantedTo: "pg1", refusals: [] },
    }),
    certain: true,
    ...changes,
  };
}

/** The first leadership of that cluster, as its voters tell of it. */
export const firstLeadership = { epoch: 1, host: "pg2", systemIdentifier: "7", partners: ["pg1", "pg2", "pg3"] };

/** What a node sees of another one; without a status it is silent. */
export function answerOf(host: string, status: NodeStatus | undefined): PeerSeen {
  return status ? { host, seen: "reached", status } : { host, seen: "unreachable", error: "connect timed out" };
}
