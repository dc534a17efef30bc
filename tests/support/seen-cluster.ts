// A cluster as one look of a command sees it, for pure tests.
import type { Cluster, Member } from "../../cli/cluster/gather.ts";
import type { AnyStatus, NodeStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import { says } from "./fake-cluster.ts";

export const voters = ["pg1", "pg2", "pg3"];
const all = { voters, refusals: [], mode: "on" as const, because: "", term: 1, grantedTo: "pg1" };
const streams = (name: string, syncState = "async") => ({
  applicationName: name,
  address: null,
  state: "streaming",
  syncState,
  sentLsn: null,
  replayLsn: null,
});

export interface Given {
  /** changes of the nodes' reports, by host; null: it does not answer */
  nodes?: Record<string, Partial<NodeStatus> | null>;
  /** where each node's WAL ends */
  lsn?: Record<string, string>;
  mode?: string;
  degraded?: string;
  syncState?: string;
  voters?: string[];
  others?: Record<string, AnyStatus>;
}

/** Three nodes of which pg1 leads, as a command sees them, with changes. */
export function clusterOf(
  { nodes = {}, lsn = {}, mode = "eventual", degraded, syncState, others = {}, ...more }: Given = {},
): Cluster {
  const lease = { ...all, voters: more.voters ?? voters };
  const members: Member[] = voters.map((host): Member => {
    if (nodes[host] === null) return { host, error: "connect timed out" };
    const leads = host === "pg1";
    const own = { lsn: lsn[host] ?? "0/3000000" };
    const downstream = ["node2", "node3"].map((name) => streams(name, syncState));
    const status = says(host, {
      lease: { ...lease, held: leads, remainingMs: leads ? 2000 : 0 },
      consistency: { mode, degraded: leads ? degraded ?? null : null },
      ...nodes[host],
    }, leads ? { standby: false, upstream: null, downstream, ...own } : own);
    return { host, status, clockAheadMs: 0 };
  });
  members.push(...Object.entries(others).map(([host, status]): Member => ({ host, status, clockAheadMs: 0 })));
  const answered = members.flatMap((m) =>
    "status" in m && m.status.component === "postgres-node" ? [{ host: m.host, status: m.status }] : []
  );
  return { members, nodes: answered, primary: answered.find((n) => n.status.lease.held) ?? null };
}

const backend = (id: number, host: string, role: "primary" | "standby"): PgpoolStatus["backends"][number] => ({
  id,
  host,
  port: 5432,
  status: "up",
  role,
  truth: role,
});
/** A pgpool of these nodes. */
export const pool = {
  component: "pgpool",
  primary: "pg1",
  backends: [backend(0, "pg1", "primary"), backend(1, "pg2", "standby"), backend(2, "pg3", "standby")],
} as unknown as PgpoolStatus;
