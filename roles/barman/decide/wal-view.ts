// PURE: what is known before WAL is received from a primary, and what follows from the history of its timeline.
import { parseLsn, type TimelineFork } from "../../../core/postgres/lsn.ts";
import { lastSegmentBefore, segmentOf, type WalFile } from "../../../core/postgres/wal-name.ts";

/** What is known before the receiver starts. */
export interface WalView {
  /** WAL files in barman's streaming directory */
  received: readonly WalFile[];
  /** the newest WAL file of each timeline in barman's archive */
  archived: readonly WalFile[];
  segmentBytes: number;
  primary: {
    host: string;
    /** it holds the lease of a majority, so that its history is the cluster's, whatever was received from another node */
    leased: boolean;
    timeline: number;
    /** ancestors of its timeline, oldest first */
    history: readonly TimelineFork[];
    /** end of its WAL */
    lsn: string;
    /** WAL files that it still has */
    files: readonly WalFile[];
  };
}

/** True if the file's timeline is the primary's or one of its ancestors. */
export function isOurs(file: WalFile, { primary }: WalView): boolean {
  return file.timeline === primary.timeline || primary.history.some((f) => f.timeline === file.timeline);
}

/**
 * The archived files that say how far barman is. Those beyond the end of their timeline were left, and do not count once there
 * are files of a later timeline of the primary's history.
 */
export function archivedFor(view: WalView): WalFile[] {
  const { history, timeline } = view.primary;
  const chain = [...history.map((f) => f.timeline), timeline];
  const newest = Math.max(...[...view.received, ...view.archived].map((f) => chain.indexOf(f.timeline)));
  return view.archived.filter((file) => {
    const at = chain.indexOf(file.timeline);
    return at < 0 || at === newest || file.segment <= endOf(file.timeline, view);
  });
}

/** The last segment of the primary's timeline, or of an ancestor. */
export function endOf(timeline: number, view: WalView): bigint {
  const fork = view.primary.history.find((f) => f.timeline === timeline);
  return fork === undefined
    ? segmentOf(view.primary.lsn, view.segmentBytes)
    : lastSegmentBefore(fork.endLsn, view.segmentBytes);
}

/** The timeline that a segment belongs to in the primary's history. */
export function timelineAt(segment: bigint, view: WalView): number {
  const fork = view.primary.history.find((f) => segment <= lastSegmentBefore(f.endLsn, view.segmentBytes));
  return fork?.timeline ?? view.primary.timeline;
}

/** Whether the primary has written nothing of a segment yet: while it is idle after a switch of WAL, there is no file of it. */
export function notBegun(next: { timeline: number; segment: bigint }, { primary, segmentBytes }: WalView): boolean {
  return next.timeline === primary.timeline && parseLsn(primary.lsn) <= next.segment * BigInt(segmentBytes);
}
