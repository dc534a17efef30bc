// The kinds of worlds, and their nodes before anything happens.
import type { Leadership } from "../../../core/lease/decide/epoch.ts";
import { neverPaused } from "../../../core/protocol/pause.ts";
import { type NodeSettings, partnersOf, type SimNode } from "./node.ts";
import type { Wal } from "./wal.ts";

/** What a world is made of: nodes of the first and of the second level, and voters without data. */
export interface WorldKind {
  nodes: number;
  cascade: number;
  observers: number;
  /** PARTNER_NODES are changed, on one node after another: the last node of the first level is added, and removed */
  changes: boolean;
  mode: NodeSettings["mode"];
  /** a node may be forced beside a primary that it does not see, and the two lead at once; otherwise only where none leads */
  beside: boolean;
}

export function settingsOf({ nodes, cascade, observers, mode }: WorldKind): NodeSettings[] {
  const first = ["a", "b", "c", "d", "e"].slice(0, nodes);
  const voters = ["o", "p"].slice(0, observers);
  const partners = first.map((host, i) => ({
    host,
    nodeId: i + 1,
    otherPartners: first.filter((h) => h !== host),
    observers: voters,
    electorate: [...first, ...voters],
    upstream: null,
    mode,
  }));
  const second = ["x", "y"].slice(0, cascade).map((host, i) => ({
    ...partners[0]!,
    host,
    nodeId: 11 + i,
    otherPartners: [],
    observers: [],
    electorate: [],
    upstream: first[1 + i]!,
  }));
  return [...partners, ...second];
}

/** The settings without a partner, or with it. The partner itself keeps naming all. */
export function withPartner(settings: NodeSettings, partner: string, is: boolean): NodeSettings {
  if (settings.host === partner || settings.otherPartners.length === 0) return settings;
  const change = (hosts: readonly string[]) => [...hosts.filter((h) => h !== partner), ...(is ? [partner] : [])];
  return { ...settings, otherPartners: change(settings.otherPartners), electorate: change(settings.electorate) };
}

/** The leadership in which every world begins; all voters know of it. */
function firstLeadership(partners: readonly string[]): Leadership {
  return { epoch: 1, host: "a", systemIdentifier: "1", partners };
}

export function newNode(settings: NodeSettings, wal: Wal): SimNode {
  const isFirst = settings.nodeId === 1;
  return {
    settings,
    now: null,
    downFor: 0,
    disk: {
      wal,
      incoming: null,
      short: null,
      signal: !isFirst,
      segment: 0,
      upstream: isFirst ? null : settings.upstream ?? "a",
      files: new Map(),
      memory: {
        everHadMajority: true,
        granted: isFirst ? [1] : [],
        followed: 0,
        paused: neverPaused,
        forced: false,
        force: null,
      },
      epoch: 1,
      leaderships: settings.electorate.length > 0 ? [firstLeadership(partnersOf(settings))] : [],
      sync: { count: 0, names: [] },
    },
  };
}
