// PURE types: what the barman role knows now.
import type { Store } from "./cloud.ts";
import type { Phase } from "../../../core/protocol/status.ts";
import type { Verified } from "../../../core/protocol/verified.ts";
import type { BackupProgress } from "./progress.ts";
import type { Moments } from "./moments.ts";
import type { ReceiverLag } from "./receiver-lag.ts";
import type { Backup, BackupDetails, CheckFailure } from "../text/barman-output.ts";

/** The last `barman check`. `failures` is null if it could not run; `error` says why. */
export interface CheckResult {
  /** when it ran last, the clock's milliseconds; the role's start if it never could */
  atMs: number;
  failures: CheckFailure[] | null;
  error: string | null;
}

/** The catalog as it was last read; `atMs`: when that began. */
export interface Catalog {
  atMs: number;
  backups: Backup[];
  /** the same, as they are marked apart from the restores that use them */
  unused: readonly Backup[];
  newest: BackupDetails | null;
}

/** Whether the WAL receiver streams; if it does not, why, and the fix. */
export interface ReceiverState {
  streaming: boolean;
  /** the node that it streams, or last streamed, from */
  host: string | null;
  trouble: string | null;
  fix: string | null;
}

export interface Trouble {
  what: string;
  fix: string;
}

/** What is known of the object store. */
export interface CloudState {
  /** what it holds; null: not read yet */
  store: Store | null;
  /** when that was read */
  readMs: number;
  /** how often something failed or was changed there, and how much of that `store` shows */
  changes: number;
  seen: number;
  /** when something was stored last, milliseconds since 1970; null: not known */
  lastUploadMs: number | null;
  /** when a segment was closed last so that it gets there, milliseconds since 1970 */
  closedMs: number | null;
  /** backups that the retention policy has removed here since the role started */
  removed: Set<string>;
  /** how much is here and not there; null: not known yet */
  waitingWal: number | null;
  waitingBackups: number | null;
  /** what fails now, with the fix */
  trouble: { wal: Trouble | null; backups: Trouble | null };
}

export interface FailedBackup {
  /** milliseconds since 1970 */
  atMs: number;
  because: string;
}

/** All that the role knows. Each group has one writer; each decision takes only the part that it looks at. */
export interface BarmanState {
  readonly startedMs: number;

  // written by role.ts
  phase: Phase;

  // written by act/follow.ts
  hosts: readonly string[];
  /** host that is followed, or null before the first primary was seen */
  primary: string | null;
  /** it said last that it holds the lease of a majority */
  primaryLeased: boolean;
  /** when a primary was last in sight; `following`: why it is followed, or why none is */
  primarySeenMs: number | null;
  following: string;
  /** whether a primary is in sight, and whether its absence has been reported as an error */
  sight: "seen" | "away" | "overdue";
  /** nodes that keep data from before a restore and know of no backup from after it, which began on this timeline */
  keeping: readonly { host: string; timeline: number }[];
  /** when the loop that looks for it last began a round */
  lastBeatMs: number;

  // written by act/receiver.ts
  receiver: Readonly<ReceiverState>;

  // written by act/duties.ts
  check: CheckResult | null;
  disk: { freeBytes: number; usedBytes: number; atMs: number } | null;

  // written by act/catalog.ts
  catalog: Catalog | null;

  // written by act/uses.ts
  /** backups that are kept for restores of nodes; `silentSinceMs`: since when the node has not answered, or null */
  kept: readonly { backup: string; node: string; silentSinceMs: number | null }[];

  // written by act/backup.ts
  backup: {
    runningSinceMs: number | null;
    nextWallMs: number | null;
    /** the last one that has failed since the role started; when, in milliseconds since 1970 */
    failed: FailedBackup | null;
    /** null while no copy is under way, or it cannot be seen how far it is */
    progress: BackupProgress | null;
    /** where the one that is under way, or was last taken, is copied from; null: none has been taken yet */
    source: {
      host: string;
      role: "primary" | "standby";
      because: string;
      kind: "full" | "incremental";
      kindBecause: string;
      fix: string | null;
    } | null;
  };
  /** a base backup is wanted now, and why */
  wantBackup: string | null;

  // written by act/cloud.ts
  /** null: without CLOUD_BACKUP_URL */
  readonly cloud: CloudState | null;

  // written by act/measure.ts
  /** how far the receiver is behind the primary; null: not seen yet */
  lag: ReceiverLag | null;
  /** which moments can be restored; null: not read yet */
  moments: Moments | null;

  // written by act/verify-schedule.ts
  /** the last verification of a backup; null: there was none, or it has not been read yet */
  verified: Verified | null;

  /** when barman check runs and the catalog is read again: act/duties.ts plans it, lookAgain() asks for it at once */
  due: { checkMs: number; catalogMs: number };
}

/** Whether and from where WAL comes. */
export type ReceivingView = Pick<BarmanState, "receiver" | "primary">;
/** What the role does. */
export type DoingView = ReceivingView & Pick<BarmanState, "phase" | "backup">;
/** Why it does that. */
export type ReasonView = ReceivingView & Pick<BarmanState, "sight" | "following">;
/** What the probes look at. */
export type HealthView = DoingView & ReasonView & Pick<BarmanState, "check" | "lastBeatMs">;
