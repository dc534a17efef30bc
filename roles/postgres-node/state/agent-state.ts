// What the agent knows and says at this moment. One object, changed only by the role's loop and the observer.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { NodeStatus, Phase, RegisteredNode } from "../../../core/protocol/status.ts";
import { POSTDOCK_VERSION } from "../../../core/words/version.ts";
import type { OwnData } from "../decide/view.ts";
import { conninfoValue } from "../../../core/postgres/conninfo.ts";
import { bytesAhead, compareLsn } from "../../../core/postgres/lsn.ts";
import type { DownstreamRow, ServerState } from "../tools/queries.ts";

/** The last look at the node's own server; null where there is no server or it did not answer. */
export interface ServerSeen {
  state: ServerState;
  downstream: readonly DownstreamRow[];
  registered: RegisteredNode[] | null;
  atMs: number;
}

export interface AgentState {
  phase: Phase;
  doing: string;
  because: string;
  /** as last looked at, while no server ran */
  data: OwnData | null;
  /** a server has run since then: there is more WAL than `data` knows of */
  ranSince: boolean;
  /** the postmaster is a living child of the agent */
  postmasterRuns: boolean;
  server: ServerSeen | null;
  /** nothing may look like a standby while this is set: a start as primary or a promotion is under way */
  becomingPrimary: boolean;
  repmgrdRuns: boolean;
  /** since when its server, what has to come before it, or its hand-over fails, until it serves again; null: it does not */
  failingSince: number | null;
  /** counts changes of what others act on */
  revision: number;
  /** why PostgreSQL was fenced here, until it serves again */
  fenced: string | null;
  everHadMajority: boolean;
  /** the volume of the data directory, or null where it was not seen yet */
  disk: { freeBytes: number; totalBytes: number } | null;
  paused: { on: boolean; atMs: number };
  forced: boolean;
  /** what the consistency mode promises and cannot keep now, or null */
  degraded: string | null;
  startedMs: number;
}

export function initialState(nowMs: number): AgentState {
  return {
    phase: "starting",
    doing: "preparing",
    because: "the container has just started",
    data: null,
    ranSince: false,
    postmasterRuns: false,
    server: null,
    becomingPrimary: false,
    repmgrdRuns: false,
    failingSince: null,
    revision: 1,
    fenced: null,
    everHadMajority: false,
    paused: { on: false, atMs: 0 },
    disk: null,
    forced: false,
    degraded: null,
    startedMs: nowMs,
  };
}

/** The role that the last observation shows. */
export function observedRole(state: AgentState): "primary" | "standby" | "none" | "unknown" {
  if (!state.postmasterRuns) return "none";
  if (!state.server) return "unknown";
  return state.server.state.standby ? "standby" : "primary";
}

const noLease: NodeStatus["lease"] = {
  mode: "off",
  because: "",
  held: false,
  remainingMs: 0,
  term: 0,
  grantedTo: null,
  voters: [],
  refusals: [],
};

/** GET /status from what was last observed. Pure. */
export function renderStatus(
  state: AgentState,
  config: NodeConfig,
  nowMs: number,
  lease: NodeStatus["lease"] = noLease,
): NodeStatus {
  return {
    schema: 1,
    component: "postgres-node",
    postdock: POSTDOCK_VERSION,
    phase: state.phase,
    doing: state.doing,
    because: state.because,
    uptimeSeconds: Math.round((nowMs - state.startedMs) / 1000),
    certain: false,
    failingMs: state.failingSince === null ? 0 : Math.round(nowMs - state.failingSince),
    observedAgoMs: Math.round(state.server ? nowMs - state.server.atMs : 0),
    cluster: config.clusterName,
    node: { id: config.id, name: config.name, host: config.host },
    priority: config.priority,
    partners: config.partners,
    everHadMajority: state.everHadMajority,
    becomingPrimary: state.becomingPrimary,
    fenced: state.fenced,
    paused: state.paused,
    forced: state.forced,
    disk: state.disk,
    consistency: { mode: config.consistency, degraded: state.degraded },
    lease,
    revision: state.revision,
    repmgrd: { running: state.repmgrdRuns },
    postgres: state.server ? renderServer(state.server) : renderStopped(state),
  };
}

function renderServer(seen: ServerSeen): NodeStatus["postgres"] {
  const { state } = seen;
  const host = conninfoValue(state.primary_conninfo, "host") ?? state.upstream_host;
  return {
    data: "cluster",
    running: true,
    role: state.standby ? "standby" : "primary",
    wasPrimary: !state.standby,
    systemIdentifier: state.system_identifier,
    timeline: state.timeline,
    lsn: state.lsn,
    replayLsn: state.replay_lsn,
    lagBytes: lagBytes(state),
    lagSeconds: state.lag_seconds,
    upstream: state.standby && host
      ? {
        host,
        port: state.upstream_port ?? Number(conninfoValue(state.primary_conninfo, "port") ?? 5432),
        streaming: state.receiver === "streaming",
      }
      : null,
    downstream: seen.downstream.map((d) => ({
      applicationName: d.application_name,
      address: d.address,
      state: d.state,
      syncState: d.sync_state,
      sentLsn: d.sent_lsn,
      replayLsn: d.replay_lsn,
    })),
    registered: seen.registered,
  };
}

function lagBytes(state: ServerState): number | null {
  if (!state.standby || state.replay_lsn === null) return null;
  const ends = [state.latest_end_lsn, state.lsn].filter((l) => l !== null).toSorted(compareLsn);
  const newest = ends.at(-1);
  if (newest === undefined) return null;
  return Math.max(0, bytesAhead(newest, state.replay_lsn));
}

function renderStopped(state: AgentState): NodeStatus["postgres"] {
  const cluster = state.data?.kind === "cluster" ? state.data : null;
  return {
    data: dataWord(state.data),
    running: state.postmasterRuns ? null : false,
    role: observedRole(state),
    wasPrimary: cluster?.wasPrimary ?? null,
    systemIdentifier: cluster?.systemIdentifier ?? null,
    timeline: cluster?.position.timeline ?? null,
    lsn: cluster?.position.lsn ?? null,
    replayLsn: null,
    lagBytes: null,
    lagSeconds: null,
    upstream: null,
    downstream: [],
    registered: null,
  };
}

function dataWord(data: OwnData | null): NodeStatus["postgres"]["data"] {
  switch (data?.kind) {
    case "cluster":
    case "unfinished-move":
      return "cluster";
    case "half-cloned":
      return "half-cloned";
    case "foreign":
    case "other-version":
    case "damaged":
      return "foreign";
    default:
      return "empty";
  }
}
