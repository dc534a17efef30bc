// Everything that a node does to the world or sees of it, as interfaces. real-doors.ts has the real doors; a test of the loop
// brings its own.
import type { ControlData } from "./text/controldata.ts";
import type { TimelineOrigin, WalPosition } from "../../core/postgres/lsn.ts";
import type { PeerSeen } from "../../core/protocol/status.ts";
import type { Supervised } from "../../core/runtime/supervisor.ts";
import type { AlteredSetting } from "./text/auto-conf.ts";
import type { TakenBack } from "./text/own-settings.ts";
import type { StartAs } from "./data/settings-files.ts";
import type { RaisedSetting, SettingsSeen } from "./decide/settings.ts";
import type { Verdict } from "../../core/words/verdict.ts";
import type { Pods } from "../../core/client/kubernetes-pods.ts";
import type { AskHow } from "../../core/client/peers.ts";
import type { ReceivedWal } from "./decide/certain.ts";
import type { OwnData, PrimaryTimelines } from "./decide/view.ts";
import type { RecoveryState } from "./tools/recovery-queries.ts";
import type { RestoreOrder } from "../../core/protocol/restore.ts";
import type { RoleChange, RoleSeen } from "./decide/roles.ts";
import type { ServerSeen } from "./decide/server-seen.ts";
import type { Way } from "../../core/postgres/conninfo.ts";

/** How much of a backup has been copied, bytes. */
export interface CopyProgress {
  doneBytes: number;
  totalBytes: number;
}

export interface Doors {
  data: DataDoor;
  server: ServerDoor;
  repmgr: RepmgrDoor;
  others: OthersDoor;
  /** the pods of the nodes, on Kubernetes */
  pods: Pods;
}

/** The data directory and its volume. No server may run during a change, unless the comment of the function allows it. */
export interface DataDoor {
  look(): Promise<OwnData>;
  /** before a look: removes a WAL file that hides WAL which is already here (decide/hidden-wal.ts) */
  uncover(): Promise<void>;
  /** the WAL file that would be removed before a start; null: none, or it cannot be seen; also beside a running server */
  hidingFile(): Promise<string | null>;
  /** the newest timeline of which there is WAL, with its history; null: there is only that of the first */
  newestWal(): Promise<ReceivedWal | null>;
  /** bytes of the volume */
  room(): Promise<{ freeBytes: number; totalBytes: number }>;
  /** makes room for a start on a full volume; returns how many bytes may be missing; null: it has made some */
  freeRoom(): Promise<number | null>;
  /** sets room aside for that, if there is enough; also beside a running server */
  keepReserve(): Promise<void>;
  control(): Promise<Pick<ControlData, "state" | "checkpoint" | "minRecoveryEnd">>;
  /** replays the WAL that is here to its end, on its own timeline; returns why it failed; its processes may survive that */
  recoverAlone(): Promise<string | null>;
  /** how the timeline of WAL that is valid up to `position` began; also beside a running server */
  origin(position: WalPosition): Promise<TimelineOrigin | null>;
  bootstrap(): Promise<void>;
  /** `keptMayGo`: the data from before a restore, where there is no room for the clone otherwise */
  clone(from: string, how: { keptMayGo: boolean }): Promise<void>;
  /** `failed`: why it failed, so that the node has to be cloned; `fetched`: how many WAL files came from barman */
  rewind(to: string): Promise<{ failed: string | null; fetched: number }>;
  /**
   * gives a rewind that is under way a WAL file that it lacks, or a recovery from a backup the file that it asks for, which is
   * then written to `path` in the data directory
   */
  fetchWal(name: string, path: string | null): Promise<Verdict>;
  /** whether the recovery from a backup has read all WAL, and why barman gives none */
  recoveryWal(): { exhausted: boolean; trouble: string | null };
  /** barman's agent answers there from now on */
  barmanIsAt(hosts: readonly string[]): void;
  /** why a backup has no place on the volumes of this node; null: it has */
  noPlaceFor(order: Pick<RestoreOrder, "bytes" | "tablespaces">): Promise<string | null>;
  /** copies a backup of barman and puts it in the place of the data here, which are kept */
  restore(order: RestoreOrder, onProgress: (p: CopyProgress) => void, signal: AbortSignal): Promise<void>;
  /** puts back what was replaced by the restore of this id */
  undoRestore(id: string): Promise<void>;
  /** postgresql.conf without what only the recovery needs, for the next reload */
  endRecovery(): Promise<void>;
  /** the restored data are like any other from now on; also beside a running server */
  endRestore(): Promise<void>;
  /** the data from before earlier restores: of which, how many bytes, and how much of their volumes is free, 0 to 1 */
  kept(): Promise<{ names: string[]; bytes: number; freeShare: number } | null>;
  /** removes them; returns the names of those restores */
  forgetReplaced(because: string): Promise<string[]>;
  finishMove(): Promise<void>;
  discardBootstrap(): Promise<void>;
  /** before a start: the slots of other nodes are removed; a standby that follows this node gets its slot again */
  forgetStandbys(): Promise<void>;
  /** removes what an unfinished clone left beside data that is complete */
  clearLeftovers(): Promise<void>;
  /**
   * postgresql.conf and the state for the next start. An upstream of null: a standby of nobody, to be promoted. `recovery`: it
   * recovers from a backup first. `own`: how far the WAL here reaches at least; null: not known
   */
  prepareStart(as: StartAs, own: WalPosition | null): Promise<void>;
  /** what ALTER SYSTEM has written to postgresql.auto.conf */
  altered(): Promise<AlteredSetting[]>;
  /** takes back what ALTER SYSTEM may not set; also beside a running server, for the next reload */
  correctSettings(): Promise<TakenBack[]>;
  /** the settings that were raised at the last start; also beside a running server */
  raised(): Promise<RaisedSetting[]>;
  /** the highest timeline of which it knows a history */
  newestTimeline(): Promise<number>;
  /** makes `wanted` the number that the running server on timeline `own` takes at its promotion */
  makeNextTimeline(own: number, wanted: number): Promise<void>;
  /** another upstream, for the next reload of a running standby */
  writeUpstream(upstream: string): Promise<void>;
  /** synchronous_standby_names, for the next reload of a running server */
  writeSyncNames(names: string): Promise<void>;
  /** synchronized_standby_slots, for the next reload of a running server */
  writeStandbySlots(names: string): Promise<void>;
  /** the lock files of 1.x, also beside a running server */
  writeLockFiles(role: { primary: true } | { primary: false; upstreamNodeId: number | null }): Promise<void>;
}

/** The postmaster as a child. */
export type ServerProcess = Pick<Supervised, "running" | "lastExit" | "exited" | "silent" | "stop">;

/** This node's PostgreSQL. Each question to the server has its own deadline, and throws. */
export interface ServerDoor {
  /** resolves once no process of an earlier server is left, and its pid file is gone */
  clearStale(): Promise<void>;
  /** whether this process of the server replays WAL */
  isStartup(pid: number): boolean;
  /** `onLine`: each line of its log, as it comes */
  start(onLine: (line: string) => void): ServerProcess;
  look(): Promise<Omit<ServerSeen, "atMs">>;
  /** throws if a new session of the agent is not let in */
  login(): Promise<void>;
  /** how many processes the server has */
  processes(): number;
  /** ends all of them at once, as the fence does; false if some stay */
  end(): Promise<boolean>;
  promote(): Promise<void>;
  /** how far a recovery from a backup is, and whether it waits at its target */
  recovery(): Promise<RecoveryState>;
  checkpoint(): Promise<void>;
  /** an immediate checkpoint, where the first one after a promotion is not complete; false: there was no need */
  firstCheckpoint(): Promise<boolean>;
  /** ends the present WAL segment of a primary */
  switchWal(): Promise<void>;
  reload(): Promise<void>;
  /** ends the WAL receiver of a standby, which PostgreSQL starts again; false: there is none */
  endReceiver(): Promise<boolean>;
  slots(): Promise<readonly { name: string; active: boolean; keptBytes: number }[]>;
  /** the logical slots with failover, and synchronized_standby_slots */
  failoverSlots(): Promise<{ slots: { name: string; synced: boolean; active: boolean }[]; standbySlots: string }>;
  dropSlot(name: string): Promise<void>;
  /** the roles of ours that it has, and every other whose password is stored as md5 */
  roles(): Promise<readonly RoleSeen[]>;
  settings(): Promise<SettingsSeen>;
  /** the directories of the data that are not there, though no server works without them */
  missing(): Promise<string[]>;
  /** writes a role of ours, with this password or that of this node's variables */
  setRole(change: RoleChange, password?: string): Promise<void>;
}

/** repmgr's records and its daemon. */
export interface RepmgrDoor {
  /** false if repmgr failed; the log says why */
  registerPrimary(): Promise<boolean>;
  registerStandby(upstreamNodeId: number): Promise<boolean>;
  /** removes the records of these nodes; on a primary */
  forget(nodeIds: readonly number[]): Promise<void>;
  /** `connects`: the hosts that it connects to; it is held back while their names do not resolve */
  startDaemon(connects: () => readonly string[]): Pick<Supervised, "running" | "held" | "stop">;
  /** whether repmgrd is paused on this node; false if repmgr is not there yet */
  paused(): Promise<boolean>;
  unpause(): Promise<void>;
}

/** The other containers. */
export interface OthersDoor {
  ask(host: string, how: AskHow): Promise<PeerSeen>;
  /** the last good addresses, by name */
  addresses(): Readonly<Record<string, string>>;
  /** with the last good address while DNS is silent or late */
  wayTo(host: string): Way;
  /** DNS has not answered for the name for some seconds */
  isSilent(host: string): boolean;
  /** whether an agent of any kind answers there */
  answers(host: string, timeoutMs: number): Promise<boolean>;
  /** a voter in sight that has granted an epoch, or cannot say; null: none has */
  grantedEpoch(): Promise<string | null>;
  /** creates this node's slot on its upstream, if slots are used; false if the upstream could not be asked */
  ensureSlot(upstream: string): Promise<boolean>;
  /** the names of another node's logical slots with failover; throws if they could not be read */
  failoverSlots(host: string): Promise<string[]>;
  /** throws if they could not be read */
  timelines(host: string, timeline: number, ours: number | null): Promise<PrimaryTimelines>;
}
