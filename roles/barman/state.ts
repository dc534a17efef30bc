// What the role knows now; written by its loops, read by its HTTP answers and metrics.
import type { BarmanConfig } from "../../config/barman.ts";
import type { Metrics } from "../../core/http/metrics.ts";
import type { BarmanEvents } from "./text/metrics.ts";
import type { ControlClient } from "../../core/client/control-client.ts";
import type { Peers } from "../../core/client/peers.ts";
import type { HistoryFile } from "../../core/runtime/history.ts";
import type { Log } from "../../core/runtime/log.ts";
import type { Secrets } from "../../core/runtime/secrets.ts";
import type { TlsMaterial } from "../../core/runtime/tls-material.ts";
import type { Clock } from "../../core/runtime/time.ts";
import type { BarmanState, CloudState } from "./decide/view.ts";

/** What the role works with and knows, passed to each of its loops. */
export interface Barman {
  config: BarmanConfig;
  state: BarmanState;
  clock: Clock;
  log: Log;
  stop: AbortSignal;
  peers: Peers;
  history: Pick<HistoryFile, "all">;
  client: Pick<ControlClient, "ask" | "askNode">;
  metrics: Metrics;
  /** passwords and keys, which may change */
  secrets: Pick<Secrets, "troubles">;
  tls: Pick<TlsMaterial, "faults" | "seen">;
  /** what is counted where it happens */
  events: BarmanEvents;
  /** aborts when another node becomes primary, or the same one is back; then a new controller replaces it */
  primaryChange: AbortController;
}

/** The state at the start of the container. */
export function initialState(nowMs: number, hosts: readonly string[], cloudUrl = ""): BarmanState {
  return {
    startedMs: nowMs,
    phase: "starting",
    hosts: [...hosts],
    primary: null,
    primaryLeased: false,
    primarySeenMs: null,
    sight: "away",
    following: "no node has been asked yet",
    receiver: { streaming: false, host: null, trouble: "not started yet", fix: null },
    check: null,
    catalog: null,
    kept: [],
    disk: null,
    backup: { runningSinceMs: null, nextWallMs: null, failed: null, progress: null, source: null },
    lag: null,
    moments: null,
    wantBackup: null,
    cloud: cloudUrl === "" ? null : noCloud(),
    verified: null,
    due: { checkMs: nowMs, catalogMs: nowMs },
    keeping: [],
    lastBeatMs: nowMs,
  };
}

const noCloud = (): CloudState => ({
  store: null,
  readMs: -Infinity,
  changes: 0,
  seen: 0,
  lastUploadMs: null,
  closedMs: null,
  waitingWal: null,
  waitingBackups: null,
  removed: new Set(),
  trouble: { wal: null, backups: null },
});

/** Asks for a new check and a new reading of the catalog, after something has changed. */
export function lookAgain(barman: Barman): void {
  const now = barman.clock.nowMs();
  barman.state.due = { checkMs: now, catalogMs: now };
}
