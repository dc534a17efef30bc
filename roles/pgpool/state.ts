// What the pgpool agent knows and does at this moment; one object, handed around.
import type { PgpoolConfig } from "../../config/pgpool.ts";
import { Metrics } from "../../core/http/metrics.ts";
import { type PoolEvents, poolEvents } from "./text/metrics.ts";
import type { Peers } from "../../core/client/peers.ts";
import type { Log } from "../../core/runtime/log.ts";
import type { Phase } from "../../core/protocol/status.ts";
import type { Clock } from "../../core/runtime/time.ts";
import type { PoolNode } from "./decide/pool.ts";
import { decideTruth, type PoolTruth } from "./decide/truth.ts";
import type { PgpoolProcess } from "./tools/pgpool-process.ts";

export interface PoolAgent {
  config: PgpoolConfig;
  clock: Clock;
  log: Log;
  stop: AbortSignal;
  peers: Peers;
  phase: Phase;
  doing: string;
  because: string;
  startedMs: number;
  /** end of the last turn of the loop */
  turnedMs: number;
  process: PgpoolProcess | null;
  truth: PoolTruth;
  pool: PoolNode[] | null;
  blindSince: number | null;
  /** why pgpool was started last, and how that went */
  start: { forPrimary: number | null; served: boolean; inARow: number };
  /** the backends that this agent has detached and not attached since the last start */
  detached: Set<number>;
  everServed: boolean;
  metrics: Metrics;
  /** what is counted where it happens */
  events: PoolEvents;
}

export function newAgent(config: PgpoolConfig, deps: Pick<PoolAgent, "clock" | "log" | "stop" | "peers">): PoolAgent {
  const metrics = new Metrics();
  return {
    ...deps,
    config,
    phase: "starting",
    doing: "preparing",
    because: "the container has just started",
    startedMs: deps.clock.nowMs(),
    turnedMs: deps.clock.nowMs(),
    process: null,
    truth: decideTruth([], null),
    pool: null,
    blindSince: null,
    start: { forPrimary: null, served: false, inARow: 0 },
    detached: new Set(),
    everServed: false,
    metrics,
    events: poolEvents(metrics),
  };
}
