// PURE: how far a base backup is, and how long it still takes.

export interface BackupProgress {
  streamedBytes: number;
  /** the size of the cluster when the backup began: it may grow or shrink meanwhile; null: not known */
  totalBytes: number | null;
  /** on average since the copy began; null: it has not begun */
  bytesPerSecond: number | null;
  /** null: not known */
  leftSeconds: number | null;
}

/** What PostgreSQL says of the copy, which began so many milliseconds ago. */
export function progressOf(
  { streamedBytes, totalBytes }: Pick<BackupProgress, "streamedBytes" | "totalBytes">,
  forMs: number,
): BackupProgress {
  const bytesPerSecond = streamedBytes > 0 && forMs > 0 ? Math.round(streamedBytes / (forMs / 1000)) : null;
  const left = totalBytes === null ? null : Math.max(0, totalBytes - streamedBytes);
  const leftSeconds = left === null || !bytesPerSecond ? null : Math.round(left / bytesPerSecond);
  return { streamedBytes, totalBytes, bytesPerSecond, leftSeconds };
}
