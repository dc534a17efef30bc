// PURE: from which point WAL of a primary is received, so that the WAL history has no gap over failovers; or, if it must have
// one, what exactly is missing. pg_receivewal begins after the newest file of its directory: a plan changes that file.
import { parseLsn } from "../../../core/postgres/lsn.ts";
import { newestWal, segmentAfter, segmentOf, type WalFile, walName } from "../../../core/postgres/wal-name.ts";
import { archivedFor, endOf, isOurs, notBegun, timelineAt, type WalView } from "./wal-view.ts";

export type WalPlan =
  /** continue after the newest file */
  | { do: "stream"; because: string }
  /** put these files aside, begin at the marker; nothing is missing. `abandoned`: what was received last, if it led nowhere */
  | { do: "align"; aside: readonly string[]; marker: string; abandoned: string | null; because: string }
  /** WAL is lost: put these files aside, begin at the marker, take a base backup */
  | { do: "restart"; aside: readonly string[]; marker: string; missing: Missing; because: string }
  | { do: "refuse"; because: string; fix: string };

/** The first and the last segment that are missing. */
export interface Missing {
  from: string;
  to: string;
}

/** The next segment that is needed, and the timeline under which the primary is asked for it. */
interface Need {
  timeline: number;
  segment: bigint;
  /** received files that the primary's history does not hold */
  aside: readonly string[];
}

/** Decides how receiving from this primary continues. */
export function decideWal(view: WalView): WalPlan {
  const newest = newestWal(view.received) ?? newestWal(archivedFor(view));
  if (newest === null) return { do: "stream", because: "no WAL has been received yet: receiving begins at the slot" };
  if (isOurs(newest, view)) return onwards(view, newest, null);
  if (!view.primary.leased) return elsewhere(view, newest);
  const common: WalView = {
    ...view,
    received: view.received.filter((f) => isOurs(f, view)),
    archived: view.archived.filter((f) => isOurs(f, view)),
  };
  const last = newestWal([...common.received, ...archivedFor(common)]) ?? whereItIs(newest, view);
  const plan = onwards(common, last, newest.name);
  if (!("marker" in plan)) return plan;
  const others = view.received.filter((f) => !isOurs(f, view)).map((f) => f.name);
  return { ...plan, aside: [...others, ...plan.aside] };
}

/** @param abandoned the newest file, if it is not of the primary's history; null: it is `newest` */
function onwards(view: WalView, newest: WalFile, abandoned: string | null): WalPlan {
  const { primary, segmentBytes } = view;
  const end = endOf(newest.timeline, view);
  const need = needed(view, newest, end);
  // a file that is whole, or begun, shows that the primary's WAL has reached the segment that is needed
  if (newest.timeline === primary.timeline && need.segment > end) return aheadOfPrimary(view, newest);
  const has = primary.files.some((f) => f.segment === need.segment) || notBegun(need, view);
  if (!has) return gap(view, need);
  const goesOn = need.timeline === newest.timeline && need.aside.length === 0 && view.received.length > 0;
  if (goesOn && abandoned === null) {
    return { do: "stream", because: `${primary.host} has the WAL that follows ${newest.name}` };
  }
  return {
    do: "align",
    aside: need.aside,
    marker: `${walName(need.timeline, need.segment, segmentBytes)}.partial`,
    abandoned,
    because: abandoned === null
      ? whyAligned(view, newest, need)
      : `${abandoned} is not in the history of ${primary.host} (timeline ${primary.timeline}), which holds the lease`,
  };
}

/** Of what leads nowhere nothing is common: the same place in the primary's history, or its end. */
function whereItIs(lost: WalFile, view: WalView): WalFile {
  const end = segmentOf(view.primary.lsn, view.segmentBytes);
  const segment = lost.segment < end ? lost.segment : end;
  return { ...lost, segment, timeline: timelineAt(segment, view), partial: true };
}

function whyAligned(view: WalView, newest: WalFile, need: Need): string {
  const left = `timeline ${newest.timeline} was left; ${view.primary.host} has all that follows`;
  if (need.aside.length > 0) return `${newest.name} lies beyond the point where ${left}`;
  if (need.timeline !== newest.timeline) return `${newest.name} ends where ${left}`;
  return `the streaming directory is empty and ${newest.name} is archived`;
}

function needed(view: WalView, newest: WalFile, end: bigint): Need {
  const next = segmentAfter(newest);
  if (newest.timeline === view.primary.timeline || next <= end) {
    return { timeline: newest.timeline, segment: next, aside: [] };
  }
  const beyond = view.received.filter((f) => f.timeline === newest.timeline && f.segment > end).map((f) => f.name);
  const fork = view.primary.history.find((f) => f.timeline === newest.timeline);
  // pg_receivewal cannot begin exactly at the end of a timeline: the server answers START_REPLICATION without a stream
  if (fork !== undefined && parseLsn(fork.endLsn) % BigInt(view.segmentBytes) === 0n) {
    return { timeline: timelineAt(end + 1n, view), segment: end + 1n, aside: beyond };
  }
  // a whole file of the fork's segment holds WAL of the old primary beyond the fork: receive that segment again
  const whole = view.received.filter((f) => f.timeline === newest.timeline && f.segment === end && !f.partial);
  return { timeline: newest.timeline, segment: end, aside: [...beyond, ...whole.map((f) => f.name)] };
}

function gap(view: WalView, need: Need): WalPlan {
  const { primary, segmentBytes } = view;
  const oldest = primary.files.filter((f) => f.segment > need.segment)
    .reduce<bigint | null>((low, f) => low === null || f.segment < low ? f.segment : low, null);
  const begin = oldest ?? segmentOf(primary.lsn, segmentBytes);
  const missing = {
    from: walName(need.timeline, need.segment, segmentBytes),
    to: walName(timelineAt(begin - 1n, view), begin - 1n, segmentBytes),
  };
  return {
    do: "restart",
    aside: view.received.map((f) => f.name),
    marker: `${walName(timelineAt(begin, view), begin, segmentBytes)}.partial`,
    missing,
    because: `${primary.host} no longer has ${missing.from}`,
  };
}

function elsewhere(view: WalView, newest: WalFile): WalPlan {
  const { host, timeline } = view.primary;
  const missed = newest.timeline > timeline;
  return {
    do: "refuse",
    because: missed
      ? `${host} is primary on timeline ${timeline}, but WAL of timeline ${newest.timeline} was received: ` +
        "it is a false primary that missed a failover"
      : `timeline ${newest.timeline} of ${newest.name} is not in the history of ${host} (timeline ${timeline})`,
    fix:
      (missed
        ? `start the node that is primary on timeline ${newest.timeline}; if its data is gone for good, move the files of that timeline`
        : "find out which of the two histories is the right one; move the files of the other") +
      " out of barman's streaming and wals directories, then restart this container",
  };
}

function aheadOfPrimary(view: WalView, newest: WalFile): WalPlan {
  return {
    do: "refuse",
    because: `${newest.name} was received, but ${view.primary.host} has written only up to ${view.primary.lsn} ` +
      "on the same timeline: its data is older than the backup",
    fix: "if that node was put back to an older state on purpose, promote it to a new timeline; " +
      "otherwise rebuild it from the node that has the newest data",
  };
}
