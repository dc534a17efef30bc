// PURE types: what one node can see of itself and of the others when it decides its role.
// "Unreachable" is a value of its own, never "no".
import type { Leadership } from "../../../core/lease/decide/epoch.ts";
import type { TimelineFork, TimelineOrigin, WalPosition } from "../../../core/postgres/lsn.ts";
import type { Role } from "./server-seen.ts";
import type { Force } from "../../../core/protocol/force.ts";
import type { PeerSeen } from "../../../core/protocol/status.ts";
import type { Pause } from "../../../core/protocol/pause.ts";
import type { StreamingTrouble } from "../text/streaming-trouble.ts";

/** Whether a node may be read-write; "missing": it needs the lease and does not hold it (license.ts). */
export type License = "held" | "missing" | "not-needed";

/** What this node's data directory holds. */
export type OwnData =
  | { kind: "empty" }
  /** a clone was interrupted and no earlier cluster is left: clone again, never bootstrap */
  | { kind: "half-cloned" }
  /** a complete clone is waiting to be moved into place */
  | { kind: "unfinished-move" }
  /** a bootstrap was interrupted; the node never served a client */
  | { kind: "unfinished-bootstrap" }
  | { kind: "foreign"; entries: string[]; clusterAbove?: string }
  | { kind: "other-version"; version: string; image: string }
  | { kind: "damaged"; why: string; rememberedSystem?: string }
  | OwnCluster;

export interface OwnCluster {
  kind: "cluster";
  systemIdentifier: string;
  /** end of the WAL in the directory */
  position: WalPosition;
  /** false: that end could not be read, and `position` is a lower bound from the control file */
  endRead: boolean;
  /** how the timeline of that WAL began; null for the first timeline, and if it cannot be read */
  origin: TimelineOrigin | null;
  /** where that timeline left its parent; null for the first timeline, and if it cannot be read */
  parent: WalPosition | null;
  /** it was a primary when it last ran, or was about to become one: no standby.signal, or a standby of nobody */
  wasPrimary: boolean;
  /** it was promoted without an epoch: `position` is where its parent was left, and what follows does not count */
  ungranted: boolean;
  /** host of primary_conninfo; null if there is none */
  lastUpstream: string | null;
  /** id of the restore that has put these data here (data/restore.ts); null: none has */
  restored: string | null;
}

/** A node's agent as seen from here (core/protocol/status.ts). */
export type Peer = Exclude<PeerSeen, { seen: "reached" }> | ReachedPeer;

export interface ReachedPeer {
  seen: "reached";
  /** the name that was asked */
  host: string;
  /** its own name for itself */
  ownHost: string;
  nodeId: number;
  name: string;
  uptimeSeconds: number;
  role: Role;
  hasCluster: boolean;
  wasPrimary: boolean | null;
  systemIdentifier: string | null;
  position: WalPosition | null;
  /** `position` was read after this node asked, and covers all of the peer's WAL */
  certain: boolean;
  /** for how long its server has failed to start, in one attempt after another; milliseconds */
  failingMs: number;
  priority: number;
  /** the agent is starting a primary or promoting right now */
  becomingPrimary: boolean;
  everHadMajority: boolean;
  /** its PARTNER_NODES, itself included; empty on the second level */
  partners: readonly string[];
  /** free space on the volume of its data; null if it is not known */
  diskFreeBytes: number | null;
  /** the newest pause or resume that it knows */
  paused: Pause;
  /** the host that it follows, if it is a standby */
  upstream: string | null;
  /** its WAL receiver streams from there */
  streaming: boolean;
  /** it holds the lease; it was forced; its data is of this force; a majority has overruled that, so it does not count (overruled.ts) */
  held: boolean;
  forced: boolean;
  force: Force | null;
  overruled: boolean;
}

export interface ClusterView {
  self: { host: string; nodeId: number; name: string; priority: number; uptimeSeconds: number };
  /** no upstream is configured: this node may make a fresh cluster */
  mayBootstrap: boolean;
  configuredUpstream: string | null;
  /** PARTNER_NODES without this node */
  otherPartners: readonly string[];
  /** QUORUM_OBSERVERS, and whether each answers */
  observers: readonly { host: string; answers: boolean }[];
  /** CONSISTENCY=strict: only a node that has every acknowledged commit may lead */
  strict: boolean;
  /** an operator has paused automatic failover */
  paused: boolean;
  /** host of the node that is being restored from a backup: no other may lead; null: none is */
  restoring: string | null;
  /** QUORUM=on, and no operator has forced this node: a majority can be required */
  quorum: boolean;
  /** an operator has forced this node, and no majority has come back since */
  forced?: boolean;
  /** an operator has forced this node, and a majority has granted it the lease since: whatever others have, it leads again */
  leadsAgain: boolean;
  /** its data is of a forced failover that a majority has overruled (overruled.ts) */
  overruled: boolean;
  /** this node's own marker: a majority of PARTNER_NODES has joined once */
  everHadMajority: boolean;
  /** what the voters have said of earlier leaderships; complete while this node holds the lease */
  leaderships: readonly Leadership[];
  cleanOverRewind: boolean;
  data: OwnData;
  /** this node is to be restored from a backup, or its old data are to be put back; null: neither */
  restore: { id: string; backup: string; timeline: number; undo: boolean } | null;
  /** its volume has no room, and its server has failed to start, or to hand over, since it last served */
  stuckWithoutRoom: boolean;
  peers: readonly Peer[];
  /** the primary that is in sight (core/protocol/choose-primary.ts), or null */
  primary: PrimaryInSight | null;
  /** how long this node has been deciding, milliseconds */
  waitedMs: number;
  /** why the last attempt to rejoin showed that only a clone helps, or null */
  cloneBecause: string | null;
}

type OfTheStart =
  | "data"
  | "restore"
  | "leadsAgain"
  | "stuckWithoutRoom"
  | "waitedMs"
  | "cloneBecause"
  | "cleanOverRewind";

export interface RunningView extends Omit<ClusterView, OfTheStart> {
  role: "primary" | "standby";
  systemIdentifier: string;
  position: WalPosition;
  /** how its timeline began */
  origin: TimelineOrigin | null;
  /** standby: host of primary_conninfo */
  upstream: string | null;
  streaming: boolean;
  notStreamingMs: number;
  /** how long no primary has been in sight, milliseconds; 0 while one is */
  noPrimaryMs: number;
  /** a primary has been in sight since this agent started */
  sawPrimary: boolean;
  /** what it is known to lack of its last primary (lag.ts); null: nothing, or no more than is allowed */
  cutOff: CutOff | null;
  /** at this node's voter: another node renews the lease, has missed two renewals, or nobody else has the grant */
  holder: "renews" | "quiet" | "none";
  /** whether this node may be read-write */
  license: License;
  /** the WAL file that hides WAL from a promotion (hidden-wal.ts); null: none, or a primary is in sight */
  hidingFile: string | null;
  /** why PostgreSQL cannot stream, according to its own log, or null */
  trouble: StreamingTrouble | null;
}

/** What a standby is known to lack because it has not streamed. */
export interface CutOff {
  /** for how long it had not streamed when its primary was last in sight, milliseconds */
  ms: number;
  /** WAL of the primary that it lacks at least; null: the primary was on another timeline */
  bytes: number | null;
  allowedMs: number;
}

export interface PrimaryInSight {
  host: string;
  systemIdentifier: string | null;
  timeline: number | null;
  /** its timeline history; null if it could not be read */
  history: readonly TimelineFork[] | null;
  /** how this node's timeline began, according to the primary; null if the primary does not know */
  origin: TimelineOrigin | null;
}

/** What is known about the primary's timelines. */
export type PrimaryTimelines = Pick<PrimaryInSight, "history" | "origin">;

/** The other containers at one look. */
export interface Surroundings {
  peers: readonly Peer[];
  observers: readonly { host: string; answers: boolean }[];
  primary: PrimaryInSight | null;
}

/** The peers that answered. */
export function reached(view: { peers: readonly Peer[] }): ReachedPeer[] {
  return view.peers.flatMap((p) => p.seen === "reached" ? [p] : []);
}
