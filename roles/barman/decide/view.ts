// PURE types: what the barman role knows at this moment.
import type { Phase } from "../../../core/protocol/status.ts";
import type { Backup, BackupDetails, CheckFailure } from "../text/barman-output.ts";

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
  /** the node that it streams, or last streamed, from */
  host: string | null;
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
  /** a base backup is wanted now, and why */
  wantBackup: string | null;
  /** when barman check and the catalog are looked at again */
  due: { checkMs: number; catalogMs: number };
  lastBeatMs: number;
}
