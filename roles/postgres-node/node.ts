// What every part of a running node works with, put together once in role.ts.
import type { NodeConfig } from "../../config/postgres-node.ts";
import type { Log } from "../runtime/log.ts";
import type { Supervised } from "../runtime/supervisor.ts";
import type { Clock } from "../runtime/time.ts";
import type { AgentState } from "./agent-state.ts";
import type { TimelineFork } from "./lsn.ts";
import type { Memory } from "./marker.ts";
import type { Sql } from "./queries.ts";

export interface Node {
  config: NodeConfig;
  state: AgentState;
  clock: Clock;
  log: Log;
  /** aborts when the container is to stop */
  stop: AbortSignal;
  /** postgresql.conf as PostgreSQL has accepted it */
  serverConfig: string;
  memory: Memory;
  histories: Map<string, readonly TimelineFork[]>;
  sql: Sql;
  /** what PostgreSQL's log last said about why it cannot stream */
  trouble: "wal-removed" | "diverged" | null;
  repmgrd: Supervised | null;
  /** ends the present pause of the watch loop, after an event */
  wake: () => void;
}

/** Says what the agent does now and why: in /status and, where it changed, in the log. */
export function say(node: Node, phase: AgentState["phase"], doing: string, because: string): void {
  const { state } = node;
  if (state.phase === phase && state.doing === doing && state.because === because) return;
  Object.assign(state, { phase, doing, because });
  node.log.info("Agent", { phase, doing, because });
}
