// PURE: what a node knows about itself, from the last look at its server and at its data directory.
import { bytesAhead, compareLsn } from "../../../core/postgres/lsn.ts";
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
  upstream: Upstream | null;
  downstream: readonly Downstream[];
  registered: readonly RegisteredNode[] | null;
}

export interface OwnLook {
  role: Role;
  postmasterRuns: boolean;
  server: ServerSeen | null;
  data: OwnData | null;
}

/** What the server reports if it answers, otherwise what was found in the data directory. */
export function ownNode({ role, postmasterRuns, server, data }: OwnLook): OwnNode {
  if (server !== null) return running(server);
  const cluster = data?.kind === "cluster" ? data : null;
  return {
    data: dataWord(data),
    running: postmasterRuns ? null : false,
    role,
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

function running(server: ServerSeen): OwnNode {
  return {
    data: "cluster",
    running: true,
    role: server.standby ? "standby" : "primary",
    wasPrimary: !server.standby,
    systemIdentifier: server.systemIdentifier,
    timeline: server.timeline,
    lsn: server.lsn,
    replayLsn: server.replayLsn,
    lagBytes: lagBytes(server),
    lagSeconds: server.lagSeconds,
    upstream: server.standby ? server.upstream : null,
    downstream: server.downstream,
    registered: server.registered,
  };
}

/** WAL that was received or announced and is not replayed, bytes; null on a primary, and if it is not known. */
function lagBytes(server: ServerSeen): number | null {
  if (!server.standby || server.replayLsn === null) return null;
  const newest = [server.announcedLsn, server.lsn].filter((l) => l !== null).toSorted(compareLsn).at(-1);
  return newest === undefined ? null : Math.max(0, bytesAhead(newest, server.replayLsn));
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
