// What the pgpool agent works with, sees and does now. Each part has one writer, which is named with it.
import type { PgpoolConfig } from "../../config/pgpool.ts";
import type { ControlClient } from "../../core/client/control-client.ts";
import type { Peers } from "../../core/client/peers.ts";
import { Metrics } from "../../core/http/metrics.ts";
import type { Phase } from "../../core/protocol/status.ts";
import type { HistoryFile } from "../../core/runtime/history.ts";
import type { Log } from "../../core/runtime/log.ts";
import type { Secrets } from "../../core/runtime/secrets.ts";
import type { TlsMaterial } from "../../core/runtime/tls-material.ts";
import type { Clock } from "../../core/runtime/time.ts";
import type { PoolNode } from "./decide/pool.ts";
import type { Logins, Sessions, Used } from "./decide/sessions.ts";
import { decideTruth, type PoolTruth } from "./decide/truth.ts";
import { type PoolEvents, poolEvents } from "./text/metrics.ts";
import type { ShowsRead } from "./text/pool-shows.ts";
import type { PgpoolProcess } from "./tools/pgpool-process.ts";

/** The pgpool that was started last. */
export interface PoolRun {
  /** counts pgpool's starts since the start of the container, from 1 */
  readonly number: number;
  /** its process; during the next start, the process that has ended */
  readonly process: PgpoolProcess;
  /** the primary it was started for, or null if none was in sight */
  readonly forPrimary: number | null;
  /** starts since pgpool last served, this one included */
  readonly startsInARow: number;
  /** the backends that this agent has detached and not attached again */
  readonly detached: ReadonlySet<number>;
}

/** What was seen of one run of pgpool. */
export interface PoolSeen {
  /** the number of that run; 0: no run yet */
  readonly run: number;
  /** its view of the backends; null if it could not be asked */
  readonly nodes: readonly PoolNode[] | null;
  /** since when it has not answered, milliseconds of the clock; null while it answers */
  readonly blindSinceMs: number | null;
  /** it has served a primary */
  readonly served: boolean;
}

export interface PoolAgent {
  // given at the start
  readonly config: PgpoolConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
  readonly peers: Peers;
  readonly client: Pick<ControlClient, "askNode">;
  readonly history: Pick<HistoryFile, "all">;
  readonly secrets: Pick<Secrets, "keep" | "troubles">;
  readonly tls: Pick<TlsMaterial, "faults" | "seen">;
  readonly metrics: Metrics;
  /** what is counted where it happens */
  readonly events: PoolEvents;
  readonly startedMs: number;
  /** what it does and why; written by say() */
  activity: { phase: Phase; doing: string; because: string };
  /** end of the last turn of the loop; written by agent.ts */
  turnedMs: number;
  /** what the backends are; written by observe/pool.ts, like the next two */
  truth: PoolTruth;
  seen: PoolSeen;
  everServed: boolean;
  /** written by observe/sessions.ts, like the next three */
  sessions: Sessions | null;
  used: readonly Used[] | null;
  logins: Logins;
  shows: ShowsRead | null;
  /** written by act/mend.ts */
  run: PoolRun | null;
}

/** The agent before its first look. */
export function newAgent(
  config: PgpoolConfig,
  deps: Pick<PoolAgent, "clock" | "log" | "stop" | "peers" | "client" | "history" | "secrets" | "tls">,
): PoolAgent {
  const metrics = new Metrics();
  const nowMs = deps.clock.nowMs();
  return {
    ...deps,
    config,
    metrics,
    events: poolEvents(metrics),
    startedMs: nowMs,
    activity: { phase: "starting", doing: "preparing", because: "the container has just started" },
    turnedMs: nowMs,
    truth: decideTruth([], null),
    seen: unseen(0),
    everServed: false,
    sessions: null,
    used: null,
    logins: { failures: 0, why: "" },
    shows: null,
    run: null,
  };
}

/** Sets what the agent does now and why, for /status; a change goes to the log. */
export function say(agent: PoolAgent, phase: Phase, doing: string, because: string): void {
  const before = agent.activity;
  agent.activity = { phase, doing, because };
  if (before.phase !== phase || before.doing !== doing) agent.log.info("Agent", { phase, doing, because });
}

/** What was seen of the pgpool that runs now; what was seen of an earlier run does not count. */
export function seenNow({ seen, run }: Pick<PoolAgent, "seen" | "run">): PoolSeen {
  const number = run?.number ?? 0;
  return seen.run === number ? seen : unseen(number);
}

function unseen(run: number): PoolSeen {
  return { run, nodes: null, blindSinceMs: null, served: false };
}
