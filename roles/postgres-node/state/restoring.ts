// How far the restore of this node is; what is to be restored is in its memory.
import type { RestoreProgress } from "../../../core/protocol/restore.ts";

type Progress = Omit<RestoreProgress, "id" | "backup" | "target">;

const nothing: Progress = { step: "waiting", doneBytes: 0, totalBytes: null, replayLsn: null, trouble: null };

export class Restoring {
  private progress = nothing;
  private copy = new AbortController();

  /** A copy begins; the signal aborts when the operator ends the restore. */
  begin(): AbortSignal {
    this.copy = new AbortController();
    return this.copy.signal;
  }

  /** The operator has ended the restore. */
  cancel(): void {
    this.copy.abort();
  }

  private old: { bytes: number; untilMs: number | null } | null = null;

  /** The data from before a restore that are kept; null: none are, or it was not looked yet. */
  get kept(): Readonly<{ bytes: number; untilMs: number | null }> | null {
    return this.old;
  }

  keeps(old: { bytes: number; untilMs: number | null } | null): void {
    this.old = old;
  }

  get now(): Readonly<Progress> {
    return this.progress;
  }

  /** Another step, or news of this one. */
  set(news: Partial<Progress>): void {
    this.progress = { ...this.progress, ...news };
  }

  /** The restore is over, or has not begun. */
  clear(): void {
    this.progress = nothing;
  }
}
