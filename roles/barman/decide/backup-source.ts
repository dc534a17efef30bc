// PURE: which node a base backup is copied from: the standby that fits best, or the primary. Every choice has its reason.
import { bytesAhead, compareLsn } from "../../../core/postgres/lsn.ts";
import { segmentOf } from "../../../core/postgres/wal-name.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import { type Kind, type Parent, type Summaries, summarize, whyNoIncrement } from "./backup-kind.ts";

/** What a standby says of itself. */
export interface StandbyState {
  inRecovery: boolean;
  systemIdentifier: string;
  /** its WAL receiver streams */
  streaming: boolean;
  /** the timeline that it streams; null: none */
  timeline: number | null;
  /** where that timeline left its parent; null: it is the first */
  forkLsn: string | null;
  replayLsn: string | null;
  /** somebody has paused its replay */
  paused: boolean;
  /** where its last checkpoint begins: a backup of it begins there, or at a newer one */
  checkpoint: { timeline: number; lsn: string };
  /** number of standbys that stream from it */
  feeds: number;
  summaries: Summaries;
}

/** A node that is not the primary, or why it could not be asked. */
export type NodeSeen =
  & { host: string }
  & ({ seen: "reached"; state: StandbyState } | { seen: "unreachable"; error: string });

/** The primary that WAL comes from. */
export interface PrimarySeen {
  host: string;
  timeline: number;
  forkLsn: string | null;
  lsn: string;
  systemIdentifier: string;
  summaries: Summaries;
}

/** What the choice looks at. */
export interface SourceView {
  primary: PrimarySeen;
  nodes: readonly NodeSeen[];
  /** the oldest segment from which on barman has all WAL of the primary, without a gap; null: it has none */
  walSince: bigint | null;
  segmentBytes: number;
  /** why the primary is taken without a look at the standbys; null: they count */
  settled: string | null;
}

/** Where a base backup is copied from. `of`: the primary of a standby, as it was when the standby was chosen. */
export type BackupSource =
  & { host: string; because: string }
  & ({ role: "primary" } | { role: "standby"; of: PrimarySeen });

/** Replay further behind than this is not a small lag, bytes. */
export const mostLagBytes = 256 * 1024 * 1024;

/**
 * Why the primary is taken, whatever its standbys are; null: they are to be asked. `failure`: why the last attempt, which was made
 * with a standby, failed; null: it did not. `canUseStandby`: barman can copy from one node and receive the WAL of another.
 */
export function whyPrimary(
  backupFrom: "prefer-standby" | "primary",
  failure: string | null,
  canUseStandby: boolean,
): string | null {
  if (!canUseStandby) return "this barman looks for its slot where it copies from";
  return backupFrom === "primary" ? "BACKUP_FROM is primary" : failure;
}

/**
 * Why no standby of a cluster with these tablespaces will do; null: they have none. A backup of a standby begins at its last
 * checkpoint: what recovery replays from there may create a tablespace, which a copy beside the cluster has no place for.
 */
export function whyNoStandby(tablespaces: readonly string[]): string | null {
  if (tablespaces.length === 0) return null;
  return `the cluster has tablespaces (${
    tablespaces.join(", ")
  }), and a standby's backup begins before the newest ones`;
}

/**
 * Decides where the next base backup is copied from; `parent`: what an incremental one builds on. The primary always will do:
 * a backup of it begins with a new checkpoint.
 */
export function decideSource(view: SourceView, parent: Parent | null = null): BackupSource {
  const { primary, nodes, settled } = view;
  const fromPrimary = (because: string): BackupSource => ({ host: primary.host, role: "primary", because });
  if (settled !== null) return fromPrimary(settled);
  const others = nodes.filter((n) => n.host !== primary.host);
  if (others.length === 0) return fromPrimary("there is no other node");
  const judged = others.map((node) => ({ node, unfit: whyUnfit(node, view, parent) }));
  const [best] = judged.flatMap(({ node, unfit }) => unfit === null && node.seen === "reached" ? [node] : [])
    .toSorted((a, b) =>
      a.state.feeds - b.state.feeds || lagOf(a.state, view) - lagOf(b.state, view) || (a.host < b.host ? -1 : 1)
    );
  if (best === undefined) {
    return fromPrimary(`no standby fits: ${judged.map(({ node, unfit }) => `${node.host} ${unfit}`).join("; ")}`);
  }
  const lag = sizeText(Math.max(0, lagOf(best.state, view)));
  return {
    host: best.host,
    role: "standby",
    of: primary,
    because: `it streams timeline ${primary.timeline}, is ${lag} behind, and spares the primary ${primary.host}`,
  };
}

/** Why a backup cannot be copied from a node; null: it can. */
function whyUnfit(node: NodeSeen, view: SourceView, parent: Parent | null): string | null {
  if (node.seen === "unreachable") return `does not answer: ${node.error}`;
  const { primary, walSince, segmentBytes } = view;
  const { state } = node;
  const lost = whyLost(state, primary);
  if (lost !== null) return lost;
  if (!state.streaming || state.timeline === null) return "does not stream";
  if (state.paused) return "has its replay paused";
  if (state.replayLsn === null) return "has replayed nothing";
  const lag = lagOf(state, view);
  if (lag > mostLagBytes) return `is ${sizeText(lag)} behind`;
  // barman takes the timeline at the beginning of a backup for that at its end
  if (state.checkpoint.timeline !== primary.timeline) {
    return `has made no checkpoint on timeline ${primary.timeline} yet`;
  }
  if (walSince === null || segmentOf(state.checkpoint.lsn, segmentBytes) < walSince) {
    return `has made no checkpoint since barman has all WAL: its last one is at ${state.checkpoint.lsn}`;
  }
  if (parent === null) return null;
  if (compareLsn(state.checkpoint.lsn, parent.endLsn) < 0) return `has made no checkpoint since backup ${parent.id}`;
  return whyNoIncrement(state.summaries, parent);
}

/** What is taken, and from where. Where no node can give an incremental backup, it is a full one. */
export function decideBackup(view: SourceView, kind: Kind): { source: BackupSource; kind: Kind } {
  if (kind.kind === "incremental") {
    const source = decideSource(view, kind.parent);
    const not = source.role === "standby" ? null : whyNoIncrement(view.primary.summaries, kind.parent);
    if (not === null) return { source, kind };
    const fix = view.primary.summaries.on ? null : summarize;
    return { source: decideSource(view), kind: { kind: "full", because: `${view.primary.host} ${not}`, fix } };
  }
  return { source: decideSource(view), kind };
}

/** Why a node is no longer a standby of the primary; null: it is one, though perhaps it does not stream just now. */
export function whyLost(
  state: StandbyState,
  primary: Pick<PrimarySeen, "timeline" | "forkLsn" | "systemIdentifier">,
): string | null {
  if (state.systemIdentifier !== primary.systemIdentifier) return "belongs to another cluster";
  if (!state.inRecovery) return "is not a standby";
  if (state.timeline === null) return null; // it has no WAL receiver now
  if (state.timeline !== primary.timeline) {
    return `streams timeline ${state.timeline}, and the primary is on ${primary.timeline}`;
  }
  // two nodes that are promoted at the same time may give one number to two timelines
  return state.forkLsn === primary.forkLsn
    ? null
    : `streams another timeline ${state.timeline} than the primary writes`;
}

const lagOf = ({ replayLsn }: StandbyState, { primary }: SourceView): number =>
  replayLsn === null ? Infinity : bytesAhead(primary.lsn, replayLsn);
