// What the role knows at this moment; written by its loops, read by its HTTP answers and metrics.
import type { BarmanConfig } from "../../config/barman.ts";
import type { Log } from "../runtime/log.ts";
import type { Phase } from "../runtime/status.ts";
import type { Clock } from "../runtime/time.ts";
import type { Backup, BackupDetails, CheckFailure } from "./barman-output.ts";

/** The last `barman check`. `failures` is null where it could not run; `error` says why. */
export interface CheckResult {
  atMs: number;
  failures: CheckFailure[] | null;
  error: string | null;
}

/** The catalog as it was last read. */
export interface Catalog {
  atMs: number;
  backups: Backup[];
  newest: BackupDetails | null;
}

/** The WAL receiver's state in a word, and why it is not streaming where it is not. */
export interface ReceiverState {
  streaming: boolean;
  sinceMs: number;
  trouble: string | null;
  fix: string | null;
}

export interface BarmanState {
  startedMs: number;
  phase: Phase;
  hosts: string[];
  /** host that is followed, or null before the first primary was seen */
  primary: string | null;
  /** when a primary was last in sight, and what was seen since */
  primarySeenMs: number | null;
  following: string;
  /** whether a primary is in sight, and whether its absence has been reported as an error */
  sight: "seen" | "away" | "overdue";
  receiver: ReceiverState;
  check: CheckResult | null;
  catalog: Catalog | null;
  disk: { freeBytes: number; usedBytes: number } | null;
  backup: { runningSinceMs: number | null; lastFailure: string | null; nextWallMs: number | null };
  /** breaks in the WAL history since the start of the container */
  walGaps: number;
  /** a base backup is wanted now, and why */
  wantBackup: string | null;
  /** when barman check and the catalog are looked at again */
  due: { checkMs: number; catalogMs: number };
  lastBeatMs: number;
}

/** The role's hands and memory, passed to each of its loops. */
export interface Barman {
  config: BarmanConfig;
  state: BarmanState;
  clock: Clock;
  log: Log;
  stop: AbortSignal;
  /** aborts when another node becomes primary, or the same one is back; replaced by a new one then */
  primaryChange: AbortController;
}

/** The state at the start of the container. */
export function initialState(nowMs: number, hosts: readonly string[]): BarmanState {
  return {
    startedMs: nowMs,
    phase: "starting",
    hosts: [...hosts],
    primary: null,
    primarySeenMs: null,
    sight: "away",
    following: "no node has been asked yet",
    receiver: { streaming: false, sinceMs: nowMs, trouble: "not started yet", fix: null },
    check: null,
    catalog: null,
    disk: null,
    backup: { runningSinceMs: null, lastFailure: null, nextWallMs: null },
    walGaps: 0,
    wantBackup: null,
    due: { checkMs: nowMs, catalogMs: nowMs },
    lastBeatMs: nowMs,
  };
}

/** Asks for a fresh look at checks and catalog, after something has changed. */
export function lookAgain(barman: Barman): void {
  const now = barman.clock.nowMs();
  barman.state.due = { checkMs: now, catalogMs: now };
}
