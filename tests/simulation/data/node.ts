// A node of the simulation: what is on its disk, and what a crash takes.
import type { Leadership } from "../../../core/lease/decide/epoch.ts";
import type { Force } from "../../../core/protocol/force.ts";
import type { Pause } from "../../../core/protocol/pause.ts";
import type { StreamingTrouble } from "../../../roles/postgres-node/text/streaming-trouble.ts";
import type { OwnData } from "../../../roles/postgres-node/decide/view.ts";
import type { Branch, Wal } from "./wal.ts";

/** The configuration of one node. Nodes may differ while it is changed, one node at a time. */
export interface NodeSettings {
  host: string;
  nodeId: number;
  /** PARTNER_NODES without this node; empty on a node of the second level */
  otherPartners: readonly string[];
  observers: readonly string[];
  electorate: readonly string[];
  /** the upstream that is configured, of a node of the second level */
  upstream: string | null;
  mode: "strict" | "eventual";
}

/** The file NNNNNNNN.history: a place-holder, or the history of a branch. */
export type HistoryFile = "held" | Branch;

export interface Disk {
  /** null: the data is half a clone */
  wal: Wal | null;
  /** a complete clone or rewind that waits to be moved into place */
  incoming: Incoming | null;
  /** how far the first segment of the timeline that it follows has been received again, which is before its fork; null: whole */
  short: number | null;
  signal: boolean;
  /** the timeline of the newest segment that a promotion has made; 0: none */
  segment: number;
  /** host of primary_conninfo */
  upstream: string | null;
  files: Map<number, HistoryFile>;
  memory: {
    everHadMajority: boolean;
    granted: readonly number[] | null;
    followed: number;
    paused: Pause;
    forced: boolean;
    force: Force | null;
  };
  /** the highest epoch that its voter has granted */
  epoch: number;
  leaderships: readonly Leadership[];
  /** synchronous_standby_names: how many of which */
  sync: { count: number; names: readonly string[] };
}

export interface Incoming {
  from: string;
  wal: Wal;
  files: Map<number, HistoryFile>;
}

/** An order that is on its way. */
export interface TakeOver {
  /** of the primary that hands over */
  epoch: number;
  afterEnd: number;
}

/** What the agent and its server know; a crash takes it. */
export interface Running {
  incarnation: number;
  /** the agent, to its next write to disk or message */
  agent: Generator<void, void>;
  /** how many of its turns the agent hangs */
  frozenFor: number;
  /** PostgreSQL at work on a promotion, and the WAL at which it began, beyond which its WAL senders send nothing */
  promotion: Generator<void, void> | null;
  before: Wal | null;
  server: "none" | "standby" | "primary";
  /** it has answered since its start */
  answers: boolean;
  /** how often a server was started */
  run: number;
  /** the end of WAL when this server became read-write: its sessions wrote what is beyond */
  servedFrom: number;
  /** the server serves lawfully, and was checked for what it must have */
  checked: boolean;
  /** a backend that outlived its postmaster */
  orphan: boolean;
  streaming: boolean;
  trouble: StreamingTrouble | null;
  /** the last look at the data directory, as it counts */
  found: OwnData;
  ranSince: boolean;
  /** a clone or a rewind has begun since that look */
  replacing: boolean;
  /** an attempt to become primary is under way */
  bid: boolean;
  newestTimeline: number;
  /** what the voters have said of earlier leaderships */
  leaderships: readonly Leadership[];
  sawPrimary: boolean;
  noPrimaryMs: number;
  notStreamingMs: number;
  cloneBecause: string | null;
  /** the server has streamed since its start */
  streamed: boolean;
  /** the last server ended in order to be rejoined */
  rejoining: boolean;
  /** the successor to which this primary was ordered to hand over */
  handOver: string | null;
  mail: TakeOver[];
  /** an operator has just forced this node to lead */
  asked: boolean;
  /** after that its own vote is enough, and counts for no other node */
  votesAlone: boolean;
}

export interface SimNode {
  settings: NodeSettings;
  readonly disk: Disk;
  /** null while the container is down */
  now: Running | null;
  /** how many steps it stays down */
  downFor: number;
}

/** The timeline of a promotion that was cut short before its history file was written; 0: none. */
export function unbornOf({ segment, files, wal }: Disk): number {
  return wal !== null && segment > wal.branch.timeline && !files.has(segment) ? segment : 0;
}

/** The newest timeline whose history file PostgreSQL finds, probing from `timeline` upwards. */
export function newestFrom(timeline: number, files: ReadonlyMap<number, HistoryFile>): number {
  while (files.has(timeline + 1)) timeline++;
  return timeline;
}

/** PARTNER_NODES of a node; empty on the second level. */
export const partnersOf = ({ host, otherPartners }: NodeSettings): readonly string[] =>
  otherPartners.length === 0 ? [] : [host, ...otherPartners];
