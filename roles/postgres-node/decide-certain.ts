// PURE: how far a node's WAL reaches, and whether it knows. Whoever has acknowledged a commit must not look like one that has
// not: a strict failover would pass it over.
import type { AgentState } from "./agent-state.ts";
import { maxLsn } from "./lsn.ts";
import type { ServerState } from "./queries.ts";

/**
 * What a standby says of itself falls short after a start: it tells its timeline while it streams, in between that of its last
 * restart point, and what it had received before only once that is replayed. What was found on disk is there all the same.
 */
export function withFoundWal(state: ServerState, known: Pick<AgentState, "data" | "server">): ServerState {
  if (!state.standby) return state;
  const found = known.data?.kind === "cluster" ? known.data.position : null;
  const timeline = Math.max(state.timeline, known.server?.state.timeline ?? 0, found?.timeline ?? 0);
  return { ...state, timeline, lsn: found?.timeline === timeline ? maxLsn(state.lsn, found.lsn) : state.lsn };
}

/** Whether nothing that this node has is missing from the position it tells. `seen`: its server has just answered. */
export function positionCertain(
  state: Pick<AgentState, "data" | "ranSince" | "postmasterRuns" | "phase" | "server">,
  seen: boolean,
): boolean {
  const found = state.data?.kind === "cluster" && state.data.endRead;
  if (!state.postmasterRuns) {
    return found && !state.ranSince && state.phase !== "cloning" && state.phase !== "rewinding";
  }
  if (!seen || !state.server) return false;
  const { standby, receiver } = state.server.state;
  return !standby || receiver === "streaming" || found;
}
