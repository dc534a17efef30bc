// The pieces of which looks at a cluster are made, for tests of the page: what each container reports, and what has happened.
import type { Cluster, Member } from "../../cli/cluster/gather.ts";
import type { HistoryEvent, MapView } from "../../cli/map/view.ts";
import { choosePrimary, reportOf } from "../../core/protocol/choose-primary.ts";
import { type AnyStatus, BarmanStatus, type NodeStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import { POSTDOCK_VERSION } from "../../core/words/version.ts";
import { says } from "./fake-cluster.ts";

export const wallMs = Date.parse("2026-11-28T12:00:30Z");
export const hour = 3_600_000;
const agoText = (ms: number) => new Date(wallMs - ms).toISOString();

type Changes = Partial<Omit<NodeStatus, "postgres" | "lease">> & {
  postgres?: Partial<NodeStatus["postgres"]>;
  lease?: Partial<NodeStatus["lease"]>;
};

/** One of three nodes, by default a standby of pgmaster. */
export function node(host: string, { postgres, lease, ...rest }: Changes = {}): NodeStatus {
  const base = says("pg1");
  const leads = postgres?.role === "primary";
  const id = ["pgmaster", "pgslave1", "pgslave2"].indexOf(host) + 1;
  return {
    ...base,
    doing: leads ? "serving as primary" : "serving as standby",
    node: { id, name: `node${id}`, host },
    partners: ["pgmaster", "pgslave1", "pgslave2"],
    variables: { LEASE_TTL: "5" },
    publishedPasswords: [],
    ...rest,
    postgres: {
      ...base.postgres,
      role: "standby",
      timeline: 7,
      lagBytes: 0,
      lagSeconds: 0,
      upstream: leads ? null : { host: "pgmaster", port: 5432, streaming: true },
      downstream: [],
      registered: ["pgmaster", "pgslave1", "pgslave2"].map((host, i) => ({
        nodeId: i + 1,
        nodeName: `node${i + 1}`,
        host,
        port: 5432,
        type: i === 0 ? "primary" : "standby",
        upstreamNodeId: i === 0 ? null : 1,
        active: true,
        priority: 100,
      })),
      ...postgres,
    },
    lease: {
      ...base.lease,
      mode: "on",
      because: "",
      held: leads,
      remainingMs: leads ? 4_200 : 0,
      term: 12,
      grantedTo: "pgmaster",
      voters: ["pgmaster", "pgslave1", "pgslave2"],
      refusals: [],
      ...lease,
    },
  };
}

export const leader = (changes: Changes = {}) =>
  node("pgmaster", { ...changes, postgres: { role: "primary", ...changes.postgres } });

export function pool(primary: string | null, backends: Record<string, "up" | "down">): PgpoolStatus {
  return PgpoolStatus.parse({
    schema: 1,
    component: "pgpool",
    postdock: POSTDOCK_VERSION,
    phase: "running",
    doing: primary === null ? "waiting for a primary" : "serving clients",
    because: primary === null ? "no node leads" : "",
    uptimeSeconds: 90,
    observedAgoMs: 10,
    primary,
    backends: Object.entries(backends).map(([host, status], id) => ({
      id,
      host,
      port: 5432,
      status,
      role: host === primary ? "primary" : "standby",
      truth: status === "down" ? "unreachable" : host === primary ? "primary" : "standby",
    })),
    sessions: { busy: 14, total: 93 },
  });
}

export function backup(changes: Partial<BarmanStatus> = {}): BarmanStatus {
  const ends = [50, 26, 2].map((h) => wallMs - h * hour);
  return BarmanStatus.parse({
    schema: 1,
    component: "barman",
    postdock: POSTDOCK_VERSION,
    phase: "running",
    doing: "receiving WAL",
    because: "",
    uptimeSeconds: 90,
    observedAgoMs: 10,
    server: "pg_cluster",
    primary: "pgmaster",
    receiving: true,
    checkOk: true,
    checkFailures: [],
    backups: 3,
    lastBackup: idOf(ends[2]!),
    catalog: ends.map((endMs) => ({ id: idOf(endMs), endMs, bytes: 1.3e9 })),
    nextBackupMs: wallMs + 10 * hour,
    verified: {
      backup: idOf(ends[1]!),
      atMs: wallMs - 20 * hour,
      tookMs: 41_300,
      reached: "2026-11-27 16:00:12+00",
      error: null,
    },
    ...changes,
  });
}

const idOf = (ms: number) => new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");

export const silent = (host: string, error = "no route to the host"): Member => ({ host, error });

export function seen(
  statuses: Readonly<Record<string, AnyStatus>>,
  o:
    & { silent?: readonly Member[]; events?: readonly HistoryEvent[]; own?: string }
    & Partial<Pick<MapView, "silentMs" | "lost">> = {},
): MapView {
  const answered = Object.entries(statuses).map(([host, status]) => ({ host, status, clockAheadMs: 0 }));
  const members: Member[] = [...answered, ...o.silent ?? []].toSorted((a, b) => a.host.localeCompare(b.host));
  const nodes = answered.flatMap((m) =>
    m.status.component === "postgres-node" ? [{ host: m.host, status: m.status }] : []
  );
  const chosen = choosePrimary(nodes.map((n) => reportOf(n.host, n.status)), null);
  const cluster: Cluster = { members, nodes, primary: nodes.find((n) => n.host === chosen?.host) ?? null };
  const own = statuses[o.own ?? Object.keys(statuses)[0]!]!;
  return { cluster, events: o.events ?? [], silentMs: o.silentMs ?? {}, lost: o.lost ?? null, own, wallMs };
}

export const event = (agoMs: number, node: string, what: string, more: Partial<HistoryEvent> = {}): HistoryEvent => ({
  time: agoText(agoMs),
  node,
  event: what,
  rest: [],
  ...more,
});
