// PURE: from what each backend's node says of itself to who is primary and what every backend is.
import {
  choosePrimary,
  type KnownPrimary,
  type NodeReport,
  ofOneCluster,
  overtakenBy,
} from "../../../core/protocol/choose-primary.ts";
import { bytesAhead } from "../../../core/postgres/lsn.ts";

/** What a backend's node says of itself, as far as the pool looks at it. */
export interface BackendReport extends NodeReport {
  /** end of the WAL it has */
  lsn: string | null;
  replayLsn: string | null;
  /** a standby: behind what the primary says it wrote, bytes */
  lagBytes: number | null;
}

/** The last word of one backend's node; `forMs`: for how long it has been saying so. */
export interface NodeSeen {
  id: number;
  host: string;
  /** null: its agent did not answer */
  report: BackendReport | null;
  /** its PostgreSQL answers on its port; asked only while the agent does not answer */
  postgresAnswers: boolean;
  forMs: number;
}

/** What a backend is; out of sight is a value of its own. */
export type BackendTruth =
  | { is: "primary" }
  | { is: "standby"; caughtUp: boolean; farBehind: boolean }
  /** says it is primary, but another one is, or a newer one was */
  | { is: "false-primary" }
  | { is: "foreign" }
  /** its agent says that no PostgreSQL serves there, or could not tell */
  | { is: "down" | "unclear"; forMs: number }
  | { is: "unseen"; postgresAnswers: boolean; forMs: number };

export interface PoolTruth {
  /** the backend that writes belong to, or null where no primary is in sight */
  primary: number | null;
  backends: ReadonlyMap<number, BackendTruth>;
  /** what later claims are measured by */
  known: KnownPrimary | null;
  /** why there is no primary, in words; empty where there is one */
  whyNone: string;
}

/** A standby further behind than this is not attached until it has caught up, bytes. */
export const attachLagBytes = 16 * 1024 * 1024;
/** In partially-strict mode a standby that has replayed less than this of what the primary wrote gets no reads, bytes. */
export const detachLagBytes = 64 * 1024 * 1024;

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
  const { role, systemIdentifier, lagBytes, replayLsn } = report;
  if (role === "primary") return { is: "false-primary" };
  if (role === "none") return { is: "down", forMs };
  if (role === "unknown") return { is: "unclear", forMs };
  const foreign = systemIdentifier !== null && !o.ours.some((r) => r.host === node.host);
  if (foreign) return { is: "foreign" };
  const behind = o.end !== null && replayLsn !== null ? bytesAhead(o.end, replayLsn) : lagBytes ?? 0;
  return { is: "standby", caughtUp: behind <= attachLagBytes, farBehind: behind > detachLagBytes };
}

function whyNone(nodes: readonly NodeSeen[], ours: readonly NodeReport[], known: KnownPrimary | null): string {
  for (const report of ours) {
    const newer = overtakenBy(report, ours, known);
    if (newer === null) continue;
    return `${report.host} says it is primary on timeline ${report.timeline}, but timeline ${newer} ` +
      "exists; if its primary is gone for good, promote a node that has it, or restart this container to forget it";
  }
  const said = nodes.map((n) => `${n.host} ${n.report === null ? "does not answer" : n.report.role}`);
  return nodes.length === 0 ? "BACKENDS is empty" : `no backend says it is primary: ${said.join(", ")}`;
}
