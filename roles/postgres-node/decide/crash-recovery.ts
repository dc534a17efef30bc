// PURE: when a server that does not start as a standby has to complete its crash recovery first.
import type { ControlData } from "../text/controldata.ts";

export interface FailedStart {
  /** as it is after that start */
  control: Pick<ControlData, "minRecoveryEnd">;
  /** the timelines on which this node may have led; null: not known */
  granted: readonly number[] | null;
  /** the data of a backup are being recovered here, or were since the last start that succeeded */
  restoring: boolean;
}

/** Whether a server ended because of pages that WAL refers to and that no file has. */
export function lacksPages(said: string): boolean {
  return /WAL contains references to invalid pages/.test(said);
}

/**
 * Why crash recovery may help a server that lacks pages; null: it does not. A node that is killed before the first checkpoint of
 * its leadership has the end of its promotion as the point from which its data count as consistent. They are not: files may have
 * been truncated later, and WAL before that point needs their pages. A standby stops there for ever; crash recovery reads on to
 * the end of WAL. Only the own timeline of this node counts: on that of another it would write WAL that nobody has.
 */
export function whyCrashRecovery({ control, granted, restoring }: FailedStart): string | null {
  if (restoring) return null;
  const own = control.minRecoveryEnd?.timeline;
  if (own === undefined || !granted?.includes(own)) return null;
  return `this node led on timeline ${own} and ended before its first checkpoint there was complete`;
}
