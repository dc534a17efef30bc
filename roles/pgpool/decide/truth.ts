// PURE: which backend is the primary and what every other backend is, from what their nodes report.
import {
  choosePrimary,
  type KnownPrimary,
  type NodeReport,
  ofOneCluster,
  overtakenBy,
} from "../../../core/protocol/choose-primary.ts";
import { bytesAhead } from "../../../core/postgres/lsn.ts";

/** The part of a node's report that the pool looks at. */
export interface BackendReport extends NodeReport {
  /** end of the WAL that it has */
  lsn: string | null;
  replayLsn: string | null;
  /** on a standby: how far replay is behind the WAL that the primary reports to have written, bytes */
  lagBytes: number | null;
  /** on a standby: its WAL receiver streams, and the replay goes on */
  follows: boolean;
}

/** The last report of one backend's node; `forMs`: for how long it has reported the same. */
export interface NodeSeen {
  id: number;
  host: string;
  /** null: its agent did not answer, or is not believed or not understood: `why` */
  report: BackendReport | null;
  why?: string | undefined;
  /** its PostgreSQL answers on its port; asked only while the agent does not answer */
  postgresAnswers: boolean;
  forMs: number;
}

/** What a backend is; "unseen" is a separate value. */
export type BackendTruth =
  | { is: "primary" }
  /** `stale`: it has not followed the primary for a while, so that what it shows may be of any age */
  | { is: "standby"; caughtUp: boolean; farBehind: boolean; stale: boolean }
  /** it says it is primary, but another node is, or a newer primary has been seen */
  | { is: "false-primary" }
  | { is: "foreign" }
  /** its agent says that no PostgreSQL serves there, or cannot see whether one does */
  | { is: "down" | "unclear"; forMs: number }
  | { is: "unseen"; postgresAnswers: boolean; forMs: number };

export interface PoolTruth {
  /** the backend that writes belong to, or null if no primary is in sight */
  primary: number | null;
  backends: ReadonlyMap<number, BackendTruth>;
  /** the newest primary seen so far, with which later reports are compared */
  known: KnownPrimary | null;
  /** why there is no primary, in words; empty if there is one */
  whyNone: string;
}

/** A standby further behind than this is not attached until it has caught up, bytes. */
export const attachLagBytes = 16 * 1024 * 1024;
/** In partially-strict mode a standby whose replay is further behind than this gets no reads, bytes. */
export const detachLagBytes = 64 * 1024 * 1024;

/** A standby that has not followed the primary for this long gets no reads, milliseconds. */
export const staleMs = 30_000;

export function decideTruth(nodes: readonly NodeSeen[], known: KnownPrimary | null): PoolTruth {
  const seen = nodes.flatMap((n) => n.report ?? []);
  const ours = ofOneCluster(seen, known, nodes.length);
  const credible = ours.filter((r) => overtakenBy(r, ours, known) === null);
  const chosen = choosePrimary(credible, known?.host ?? null);
  const { systemIdentifier = null, timeline = null } = chosen ?? {};
  const primary = nodes.find((n) => n.host === chosen?.host)?.id ?? null;
  const end = chosen?.lsn ?? null;
  const backends = nodes.map((node) => [node.id, truthOf(node, { ours, primary, end })] as const);
  return {
    primary,
    backends: new Map(backends),
    known: chosen !== null && systemIdentifier !== null && timeline !== null
      ? { host: chosen.host, systemIdentifier, timeline }
      : known,
    whyNone: primary === null ? whyNone(nodes, ours, known) : "",
  };
}

function truthOf(
  node: NodeSeen,
  o: { ours: readonly NodeReport[]; primary: number | null; end: string | null },
): BackendTruth {
  const { report, forMs } = node;
  if (report === null) return { is: "unseen", postgresAnswers: node.postgresAnswers, forMs };
  if (node.id === o.primary) return { is: "primary" };
  const { role, systemIdentifier, lagBytes, replayLsn, follows } = report;
  if (role === "primary") return { is: "false-primary" };
  if (role === "none") return { is: "down", forMs };
  if (role === "unknown") return { is: "unclear", forMs };
  const foreign = systemIdentifier !== null && !o.ours.some((r) => r.host === node.host);
  if (foreign) return { is: "foreign" };
  const behind = o.end !== null && replayLsn !== null ? bytesAhead(o.end, replayLsn) : lagBytes;
  return {
    is: "standby",
    // while there is no primary, nobody is ahead of it
    caughtUp: behind === null ? o.primary === null : behind <= attachLagBytes,
    farBehind: behind !== null && behind > detachLagBytes,
    stale: o.primary !== null && !follows && forMs >= staleMs,
  };
}

function whyNone(nodes: readonly NodeSeen[], ours: readonly NodeReport[], known: KnownPrimary | null): string {
  for (const report of ours) {
    const newer = overtakenBy(report, ours, known);
    if (newer === null) continue;
    return `${report.host} says it is primary on timeline ${report.timeline}, but timeline ${newer} ` +
      "exists; if the primary of that timeline is gone for good, promote a node that has it, or restart this container";
  }
  const said = nodes.map((n) =>
    `${n.host} ${n.report?.role ?? (n.why === undefined ? "does not answer" : `is not believed (${n.why})`)}`
  );
  return nodes.length === 0 ? "BACKENDS is empty" : `no backend says it is primary: ${said.join(", ")}`;
}
