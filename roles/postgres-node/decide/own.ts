// PURE: what a node knows about itself, from the last look at its server and at its data directory.
import { lagBytes, lagSeconds, type PrimaryEnd } from "./lag.ts";
import type { WalPosition } from "../../../core/postgres/lsn.ts";
import { farther } from "./certain.ts";
import type { OwnData } from "./view.ts";
import type { Downstream, Role, ServerSeen, Upstream } from "./server-seen.ts";
import type { RegisteredNode } from "../../../core/protocol/status.ts";

/** What this node knows about itself; null for what it could not see. */
export interface OwnNode {
  data: "empty" | "half-cloned" | "cluster" | "foreign";
  running: boolean | null;
  role: Role;
  /** the data directory has no standby.signal */
  wasPrimary: boolean | null;
  systemIdentifier: string | null;
  timeline: number | null;
  /** end of the WAL this node has */
  lsn: string | null;
  replayLsn: string | null;
  lagBytes: number | null;
  lagSeconds: number | null;
  replayPaused: boolean;
  upstream: Upstream | null;
  downstream: readonly Downstream[];
  registered: readonly RegisteredNode[] | null;
}

export interface OwnLook {
  role: Role;
  postmasterRuns: boolean;
  server: ServerSeen | null;
  data: OwnData | null;
  farthest: WalPosition | null;
  primaryEnd: PrimaryEnd | null;
  /** when nothing was left to replay, the clock's milliseconds; null: not since the agent started */
  caughtUpMs: number | null;
}

/**
 * What the server reports if it answers, otherwise what was found in the data directory. Its WAL reaches at least as far as
 * what a server has reported since then.
 */
export function ownNode({ role, postmasterRuns, server, data, farthest, primaryEnd, caughtUpMs }: OwnLook): OwnNode {
  if (server !== null) return running(server, primaryEnd, caughtUpMs);
  const cluster = data?.kind === "cluster" ? data : null;
  const position = cluster && farther(cluster.position, farthest);
  return {
    data: dataWord(data),
    running: postmasterRuns ? null : false,
    role,
    wasPrimary: cluster?.wasPrimary ?? null,
    systemIdentifier: cluster?.systemIdentifier ?? null,
    timeline: position?.timeline ?? null,
    lsn: position?.lsn ?? null,
    replayLsn: null,
    lagBytes: null,
    lagSeconds: null,
    replayPaused: false,
    upstream: null,
    downstream: [],
    registered: null,
  };
}

function running(server: ServerSeen, end: PrimaryEnd | null, caughtUpMs: number | null): OwnNode {
  const bytes = lagBytes(server, end);
  return {
    data: "cluster",
    running: true,
    role: server.standby ? "standby" : "primary",
    wasPrimary: !server.standby,
    systemIdentifier: server.systemIdentifier,
    timeline: server.timeline,
    lsn: server.lsn,
    replayLsn: server.replayLsn,
    lagBytes: bytes,
    lagSeconds: lagSeconds(server, bytes, caughtUpMs),
    replayPaused: server.replayPaused,
    upstream: server.standby ? server.upstream : null,
    downstream: server.downstream,
    registered: server.registered,
  };
}

function dataWord(data: OwnData | null): OwnNode["data"] {
  switch (data?.kind) {
    case "cluster":
    case "unfinished-move":
    case "damaged": // nobody knows what is lost with it
      return "cluster";
    case "half-cloned":
      return "half-cloned";
    case "foreign":
    case "other-version":
      return "foreign";
    default:
      return "empty";
  }
}
