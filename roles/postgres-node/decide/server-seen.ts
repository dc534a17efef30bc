// PURE types: what a look at a node's own server shows.
import type { RegisteredNode } from "../../../core/protocol/status.ts";

/** The role of a node's server. none: no server runs; unknown: a server runs and did not answer. */
export type Role = "primary" | "standby" | "none" | "unknown";

export interface Upstream {
  host: string;
  port: number;
  /** the WAL receiver is connected and streams */
  streaming: boolean;
}

/** One row of pg_stat_replication. */
export interface Downstream {
  applicationName: string;
  address: string | null;
  state: string;
  syncState: string;
  sentLsn: string | null;
  replayLsn: string | null;
}

/** One look at the node's own server. */
export interface ServerSeen {
  standby: boolean;
  systemIdentifier: string;
  timeline: number;
  /** end of the WAL it has, written or received */
  lsn: string | null;
  replayLsn: string | null;
  /** how far the upstream's WAL reaches, as the upstream last reported */
  announcedLsn: string | null;
  /** age of the last replayed commit, seconds */
  commitAgeSeconds: number | null;
  /** on a standby: the replay of WAL is paused, by a person or by PostgreSQL itself */
  replayPaused: boolean;
  /** what primary_conninfo names, or the WAL receiver is connected to */
  upstream: Upstream | null;
  /** hostaddr of primary_conninfo */
  upstreamAddress: string | null;
  /** synchronous_standby_names */
  syncNames: string;
  downstream: readonly Downstream[];
  /** repmgr.nodes; null if the table does not exist */
  registered: readonly RegisteredNode[] | null;
  /** when it was looked at, the clock's milliseconds */
  atMs: number;
}
