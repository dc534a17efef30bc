// PURE: GET /status of a node, from what it knows about itself at this moment.
import type { LeaseMode } from "../../../config/quorum.ts";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { publishedPasswords } from "../../../config/published.ts";
import { nodeVariablesToCompare } from "../../../config/same-everywhere.ts";
import type { Force } from "../../../core/protocol/force.ts";
import type { Pause } from "../../../core/protocol/pause.ts";
import type { ReinitProgress } from "../../../core/protocol/reinit.ts";
import type { RestoreEnd, RestoreOrder, RestoreProgress } from "../../../core/protocol/restore.ts";
import type { NodeStatus, Phase } from "../../../core/protocol/status.ts";
import type { ServerFacts } from "../../../core/protocol/server-facts.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";
import { POSTDOCK_VERSION } from "../../../core/words/version.ts";
import { translateSettings } from "./postgresql-conf.ts";
import type { OwnNode } from "../decide/own.ts";

/** The part of the configuration that /status reports. */
export type ToldConfig =
  & Pick<
    NodeConfig,
    | "id"
    | "name"
    | "host"
    | "priority"
    | "electorate"
    | "postgresPassword"
    | "replicationPassword"
    | "settings"
    | "imageVersions"
  >
  & Parameters<typeof nodeVariablesToCompare>[0];

export interface StatusView {
  config: ToldConfig;
  activity: { phase: Phase; doing: string; because: string; revision: number };
  own: OwnNode;
  /** how long the agent has been running, and how old the last look at its server is; milliseconds */
  uptimeMs: number;
  observedAgoMs: number;
  memory: {
    everHadMajority: boolean;
    paused: Pause;
    forced: boolean;
    force: Force | null;
    restore: RestoreOrder | null;
    lastRestore: RestoreEnd | null;
    replaced: { timeline: number; atMs: number; backup: string | null } | null;
  };
  /** the data from before a restore */
  kept: { bytes: number; untilMs: number | null } | null;
  /** as far as this node knows from the voters */
  overruled: boolean;
  reinit: ReinitProgress | null;
  restoring: Omit<RestoreProgress, "id" | "backup" | "target">;
  /** what is wrong with the files of secrets, or waits */
  secrets: readonly Trouble[];
  condition: {
    failingMs: number;
    fenced: string | null;
    degraded: string | null;
    trouble: Trouble | null;
    unhealthy: string | null;
    roles: readonly Trouble[];
    tls: NodeStatus["tls"];
    settings: readonly Trouble[];
    facts: ServerFacts | null;
  };
  disk: { freeBytes: number; totalBytes: number } | null;
  becomingPrimary: boolean;
  repmgrd: NodeStatus["repmgrd"];
  lease: LeaseSeen;
}

export interface LeaseSeen {
  mode: LeaseMode;
  remainingMs: number;
  term: number;
  grantedTo: string | null;
  refusals: readonly string[];
}

export function renderStatus(view: StatusView): NodeStatus {
  const { config, activity, own, memory, condition } = view;
  return {
    schema: 1,
    component: "postgres-node",
    postdock: POSTDOCK_VERSION,
    phase: activity.phase,
    doing: activity.doing,
    because: activity.because,
    uptimeSeconds: Math.round(view.uptimeMs / 1000),
    certain: false,
    failingMs: Math.round(condition.failingMs),
    trouble: condition.trouble,
    unhealthy: condition.unhealthy,
    roles: [...condition.roles],
    tls: condition.tls,
    settings: [...condition.settings],
    server: condition.facts,
    reinit: view.reinit,
    observedAgoMs: Math.round(view.observedAgoMs),
    variables: nodeVariablesToCompare(config),
    publishedPasswords: publishedPasswords({
      POSTGRES_PASSWORD: config.postgresPassword,
      REPLICATION_PASSWORD: config.replicationPassword,
    }),
    secrets: [...view.secrets],
    oldSettings: translateSettings(config.settings, config.imageVersions).warnings,
    cluster: config.clusterName,
    node: { id: config.id, name: config.name, host: config.host },
    priority: config.priority,
    partners: [...config.partners],
    everHadMajority: memory.everHadMajority,
    becomingPrimary: view.becomingPrimary,
    fenced: condition.fenced,
    paused: memory.paused,
    forced: memory.forced,
    restore: memory.restore && {
      id: memory.restore.id,
      backup: memory.restore.backup,
      target: memory.restore.target,
      ...view.restoring,
    },
    lastRestore: memory.lastRestore,
    kept: renderKept(view),
    force: memory.force,
    overruled: view.overruled,
    disk: view.disk,
    consistency: { mode: config.consistency, degraded: condition.degraded },
    lease: renderLease(view),
    revision: activity.revision,
    repmgrd: view.repmgrd,
    postgres: {
      ...own,
      downstream: [...own.downstream],
      registered: own.registered === null ? null : [...own.registered],
    },
  };
}

function renderKept({ kept, memory: { replaced } }: StatusView): NodeStatus["kept"] {
  if (kept === null || replaced === null) return null;
  const { timeline, atMs, backup } = replaced;
  return { timeline, bytes: kept.bytes, sinceMs: atMs, backup, untilMs: kept.untilMs };
}

function renderLease({ lease, memory, config }: StatusView): NodeStatus["lease"] {
  const mode = !lease.mode.on ? "off" : memory.everHadMajority ? "on" : "bootstrap";
  return {
    mode,
    because: !lease.mode.on
      ? lease.mode.because
      : mode === "on"
      ? "only the holder of the lease may be the primary"
      : "a majority of the voters has not joined yet",
    held: lease.remainingMs > 0,
    remainingMs: Math.round(lease.remainingMs),
    term: lease.term,
    grantedTo: lease.grantedTo,
    voters: [...config.electorate],
    refusals: [...lease.refusals],
  };
}
