// PURE: which container gets what from which, as a tree: clients' writes from pgpool to the primary, WAL from there on.
import type { NodeStatus } from "../../core/protocol/status.ts";
import { secondsText, sizeText } from "../../core/words/amounts.ts";
import {
  barmans,
  type MapView,
  nameOf,
  pools,
  type SeenNode,
  silentNodes,
  silentOthers,
  streams,
  writesReach,
} from "./view.ts";
import { spanText } from "./words.ts";

/** How one container gets data from the one before it. */
export interface Edge {
  /** flows; broken: it should flow and does not */
  state: "flows" | "broken";
  /** "streams", "writes" */
  what: string;
  /** how far it is behind, or why nothing flows */
  more: string | null;
}

export interface Place {
  host: string;
  kind: "node" | "pgpool" | "barman" | "unknown";
  /** primary, standby, …, or "no answer" */
  role: string;
  tone: "leads" | "follows" | "serves" | "troubled" | "absent";
  /** what it does now, if that is not plain from its role */
  doing: string | null;
  /** short facts: "takes writes", "timeline 7" */
  marks: readonly string[];
  /** how it gets its data; null at the top */
  edge: Edge | null;
  below: readonly Place[];
}

/** Everything that was seen, each container once. The tops are pgpool, or the nodes that get WAL from no other. */
export function topology(view: MapView): Place[] {
  const { cluster } = view;
  const { primary } = cluster;
  const placed = new Set<string>();
  const nodes = cluster.nodes.filter((n) => n !== primary);
  const grow = (node: SeenNode, edge: Edge | null): Place => {
    placed.add(node.host);
    const standbys = nodes.filter((n) => !placed.has(n.host) && upstreamOf(n, view) === node.host);
    for (const { host } of standbys) placed.add(host);
    return {
      ...nodePlace(node, view),
      edge,
      below: [
        ...standbys.map((n) => grow(n, edgeTo(n, node))),
        ...missingBelow(node, view),
        ...barmans(cluster).filter(({ status }) => status.primary === node.host).map(barmanPlace),
      ],
    };
  };
  const servers = primary ? [grow(primary, null)] : silentNodes(cluster).map((m) => lostTop(m, view, grow));
  for (const node of nodes.filter((n) => !nodes.some((m) => m.host === upstreamOf(n, view)))) {
    if (!placed.has(node.host)) servers.push(grow(node, null));
  }
  for (const node of nodes) if (!placed.has(node.host)) servers.push(grow(node, null)); // those that name each other
  const lostBarmans = barmans(cluster).filter(({ status }) => !placed.has(status.primary ?? "")).map(barmanPlace);
  return [
    ...underPools(servers, view),
    ...lostBarmans.map((p) => ({ ...p, edge: null })),
    ...silentOthers(cluster).map((m) => absentPlace(m, view, null)),
  ];
}

/** A node that does not answer, while there is no primary, above the nodes that got their WAL from it. */
function lostTop(
  silent: { host: string; error: string },
  view: MapView,
  grow: (node: SeenNode, edge: Edge) => Place,
): Place {
  const below = view.cluster.nodes.filter((n) => n.status.postgres.upstream?.host === silent.host);
  return { ...absentPlace(silent, view, null), below: below.map((n) => grow(n, edgeTo(n, null))) };
}

/** The primary stands below the pools that send it writes; the first pool is the place above, the others beside it. */
function underPools(servers: Place[], { cluster }: MapView): Place[] {
  const led = servers.find((p) => p.host === cluster.primary?.host);
  const all = pools(cluster);
  const feeding = all.filter(({ status }) => writesReach(status, cluster));
  const others = all.filter((p) => !feeding.includes(p)).map((p) => poolPlace(p.host, p.status.primary, []));
  if (!led || feeding.length === 0) return [...servers, ...others];
  const [first, ...more] = feeding.map(({ host }) => host);
  const edge: Edge = { state: "flows", what: "writes", more: null };
  const top = poolPlace(first!, led.host, [{ ...led, edge }]);
  const beside = more.map((host) => `also ${host}`);
  return [{ ...top, marks: [...top.marks, ...beside] }, ...servers.filter((p) => p !== led), ...others];
}

function poolPlace(host: string, primary: string | null, below: Place[]): Place {
  return {
    host: nameOf(host, "pgpool"),
    kind: "pgpool",
    role: "pool",
    tone: primary === null ? "troubled" : "serves",
    doing: primary === null ? "sends writes to no node" : below.length === 0 ? `sends writes to ${primary}` : null,
    marks: [],
    edge: null,
    below,
  };
}

function barmanPlace({ host, status }: ReturnType<typeof barmans>[number]): Place {
  const { receiving } = status;
  return {
    host: nameOf(host, "barman"),
    kind: "barman",
    role: "backups",
    tone: receiving ? "serves" : "troubled",
    doing: receiving ? null : status.because,
    marks: status.backups === null ? [] : [status.backups === 1 ? "1 backup" : `${status.backups} backups`],
    edge: receiving ? { state: "flows", what: "WAL", more: null } : { state: "broken", what: "no WAL", more: null },
    below: [],
  };
}

/** Where a standby gets its WAL; one that names no upstream, or one that does not answer, belongs below the primary. */
function upstreamOf({ status }: SeenNode, { cluster }: MapView): string | null {
  const upstream = status.postgres.upstream?.host ?? null;
  if (!cluster.primary || cluster.nodes.some((n) => n.host === upstream)) return upstream;
  return cluster.primary.host;
}

function edgeTo({ status }: SeenNode, upstream: SeenNode | null): Edge {
  if (!streams(status)) return { state: "broken", what: "does not stream", more: null };
  const sync = upstream?.status.postgres.downstream.find((d) => d.applicationName === status.node.name)?.syncState;
  const waited = sync === "sync" || sync === "quorum" ? "streams, commits wait for it" : "streams";
  return { state: "flows", what: waited, more: lagText(status.postgres) };
}

function lagText({ lagBytes, lagSeconds }: NodeStatus["postgres"]): string {
  if (lagBytes === 0 && (lagSeconds ?? 0) === 0) return "no lag";
  const bytes = lagBytes === null ? "lag unknown" : `${sizeText(lagBytes)}`;
  return lagSeconds === null ? bytes : `${bytes}, ${secondsText(lagSeconds * 1000)} behind`;
}

function nodePlace({ host, status }: SeenNode, { cluster }: MapView): Omit<Place, "edge" | "below"> {
  const { postgres, phase, doing, fenced, lease } = status;
  const leads = cluster.primary?.host === host;
  const serves = leads || (postgres.role === "standby" && phase === "running");
  const backends = pools(cluster).flatMap((p) => p.status.backends.filter((b) => b.host === host && b.status === "up"));
  const reads = backends.some((b) => b.role === "standby");
  return {
    host,
    kind: "node",
    role: leads ? "primary" : serves ? "standby" : postgres.role === "primary" ? "no longer primary" : phase,
    tone: leads ? "leads" : serves && streams(status) ? "follows" : "troubled",
    doing: fenced !== null ? `fenced: ${fenced}` : serves ? null : doing,
    marks: [
      ...(postgres.timeline === null
        ? []
        : [`${leads && lease.mode === "on" ? "epoch" : "timeline"} ${postgres.timeline}`]),
      ...(reads ? ["reads"] : []),
      ...(postgres.replayPaused ? ["replay paused"] : []),
    ],
  };
}

/** Nodes that do not answer, below the one that repmgr has them stream from; by default the primary. */
function missingBelow({ host }: SeenNode, view: MapView): Place[] {
  const { cluster } = view;
  const registered = cluster.primary?.status.postgres.registered ?? [];
  return silentNodes(cluster).filter((m) => {
    const id = registered.find((r) => r.host === m.host)?.upstreamNodeId;
    const upstream = registered.find((r) => r.nodeId === id)?.host;
    const there = cluster.nodes.some((n) => n.host === upstream) ? upstream : cluster.primary?.host;
    return there === host;
  }).map((m) => absentPlace(m, view, { state: "broken", what: "does not stream", more: null }));
}

function absentPlace({ host, error }: { host: string; error: string }, view: MapView, edge: Edge | null): Place {
  const ms = view.silentMs[host] ?? 0;
  return {
    host,
    kind: "unknown",
    role: ms < 1_000 ? "no answer" : `no answer, ${spanText(ms)}`,
    tone: "absent",
    doing: error,
    marks: [],
    edge,
    below: [],
  };
}
