// What was seen of this node and of its surroundings. It is written by the functions of observe/, right after each look, and at
// the start and the end of a server. Everything else only reads it.
import { farther } from "../decide/certain.ts";
import type { OwnData, PrimaryTimelines } from "../decide/view.ts";
import { agoMs, type DataAge, type Moment } from "../decide/data-age.ts";
import { lagBytes, type PrimaryEnd } from "../decide/lag.ts";
import type { Role, ServerSeen } from "../decide/server-seen.ts";
import type { TimelineOrigin, WalPosition } from "../../../core/postgres/lsn.ts";
import { hear, type Heard, nothingHeard } from "../../../core/postgres/server-log.ts";
import type { StreamingTrouble } from "../text/streaming-trouble.ts";

export interface SeenNow {
  /** the data directory, as last looked at while no server ran; null before the first look */
  data: OwnData | null;
  /** a server has run since then: there may be more WAL than `data` knows of */
  ranSince: boolean;
  /** the postmaster is a living child of the agent */
  postmasterRuns: boolean;
  /** counts the starts of the server: what was begun in one run does not concern the next */
  run: number;
  /** the last look at the running server; null if it has not answered yet, or not for a while */
  server: ServerSeen | null;
  /** the farthest position that a server has reported since `data` was looked at, also if it is silent or has ended now */
  farthest: WalPosition | null;
  /** when the server answered last, or was started; the clock's milliseconds */
  answeredMs: number;
  /** synchronous_standby_names of the running server, and where its WAL ended when that value was first seen in force */
  syncSince: { names: string; lsn: string | null } | null;
  /** the primary's position as last learnt; null while no primary but this node is in sight */
  primaryEnd: PrimaryEnd | null;
  /** when nothing was left to replay, and when the WAL receiver last streamed or the server started; the clock's milliseconds */
  caughtUpMs: number | null;
  streamedMs: number | null;
  /** when a WAL receiver last streamed into the present data, whichever run of the server; null: no look at it yet */
  lastStreamMs: number | null;
  /** why the server cannot stream, according to PostgreSQL's log, and when it said so (the clock's milliseconds) */
  trouble: { what: StreamingTrouble; atMs: number } | null;
  /** what the log of the present or the last run of the server says */
  heard: Heard;
  /** the volume of the data directory, bytes; null before the first look */
  disk: { freeBytes: number; totalBytes: number } | null;
  /** how the present timeline began, as first seen here: what is streamed later may write over its first record */
  origin: { timeline: number; origin: TimelineOrigin } | null;
  /** a primary has been in sight since this agent started */
  sawPrimary: boolean;
  /** the highest timeline that any node of the cluster has reported since this agent started */
  newestTimeline: number;
}

export class Observed {
  private state: SeenNow = {
    data: null,
    ranSince: false,
    postmasterRuns: false,
    run: 0,
    server: null,
    farthest: null,
    answeredMs: -Infinity,
    syncSince: null,
    primaryEnd: null,
    caughtUpMs: null,
    streamedMs: null,
    lastStreamMs: null,
    trouble: null,
    heard: nothingHeard,
    disk: null,
    origin: null,
    sawPrimary: false,
    newestTimeline: 0,
  };
  private readonly nodeNames = new Map<string, string>();
  private readonly silentHosts = new Set<string>();
  /** by the primary's host, its timeline and ours: none of it ever changes */
  private readonly timelines = new Map<string, PrimaryTimelines>();

  get now(): Readonly<SeenNow> {
    return this.state;
  }

  /** What an earlier run of the agent has written of the data here; `now`: this moment, which is `nowMs` of the clock. */
  ageRead({ streamed, end }: DataAge, now: Moment, nowMs: number): void {
    this.change({
      lastStreamMs: nowMs - agoMs(streamed, now),
      primaryEnd: end && { timeline: end.timeline, lsn: end.lsn, atMs: nowMs - agoMs(end.at, now) },
    });
  }

  /** The role that the last look at the server showed. */
  role(): Role {
    if (!this.state.postmasterRuns) return "none";
    if (this.state.server === null) return "unknown";
    return this.state.server.standby ? "standby" : "primary";
  }

  dataFound(data: OwnData): void {
    this.change({ data, ranSince: false, farthest: null });
  }

  /** The directory was replaced by a clone or a rewind: how its timeline began is not known any more. */
  dataReplaced(): void {
    this.change({ origin: null, lastStreamMs: null, primaryEnd: null });
  }

  roomFound(disk: { freeBytes: number; totalBytes: number }): void {
    this.change({ disk });
  }

  serverStarted(nowMs: number): void {
    const fresh = { server: null, syncSince: null, streamedMs: null, trouble: null, heard: nothingHeard };
    this.change({ postmasterRuns: true, run: this.state.run + 1, ranSince: true, answeredMs: nowMs, ...fresh });
  }

  serverEnded(): void {
    this.change({ postmasterRuns: false, server: null });
  }

  /** A look at the running server. One that comes late, after a newer one or the server's end, is ignored. */
  serverSeen(server: ServerSeen): void {
    if (!this.state.postmasterRuns || server.atMs < (this.state.server?.atMs ?? -Infinity)) return;
    const { syncSince, primaryEnd, caughtUpMs, streamedMs, lastStreamMs } = this.state;
    const names = server.syncNames;
    const caughtUp = lagBytes(server, primaryEnd) === 0;
    const { timeline, lsn } = server;
    this.change({
      server,
      answeredMs: server.atMs,
      farthest: farther(this.state.farthest, lsn === null ? null : { timeline, lsn }),
      syncSince: syncSince?.names === names ? syncSince : { names, lsn: server.lsn },
      caughtUpMs: caughtUp ? Math.min(server.atMs, primaryEnd?.atMs ?? server.atMs) : caughtUpMs,
      streamedMs: server.upstream?.streaming === true ? server.atMs : streamedMs ?? server.atMs,
      lastStreamMs: server.upstream?.streaming === false ? lastStreamMs ?? server.atMs : server.atMs,
    });
  }

  /** The server did not answer. Its last answer no longer counts once it is older than `staleMs`. */
  serverSilent(nowMs: number, staleMs: number): void {
    const { server } = this.state;
    if (server !== null && nowMs - server.atMs > staleMs) this.change({ server: null });
  }

  /** For how long a running server has not answered, milliseconds; 0 if it answers, or does not run. */
  silentMs(nowMs: number): number {
    return this.role() === "unknown" ? nowMs - this.state.answeredMs : 0;
  }

  /** PostgreSQL's log says why it cannot stream; null: the trouble is over. */
  streamingTrouble(trouble: SeenNow["trouble"]): void {
    this.change({ trouble });
  }

  /** A line of PostgreSQL's log. */
  serverSaid(line: string): void {
    this.change({ heard: hear(this.state.heard, line) });
  }

  originFound(timeline: number, origin: TimelineOrigin | null): void {
    this.change({ origin: origin && { timeline, origin } });
  }

  timelineSeen(timeline: number): void {
    if (timeline > this.state.newestTimeline) this.change({ newestTimeline: timeline });
  }

  primarySeen(end: PrimaryEnd | null): void {
    this.change({ sawPrimary: true, primaryEnd: end ?? this.state.primaryEnd });
  }

  /** An agent answered. `node`: what it says of itself; a reused address may have led to another node */
  hostAnswered(host: string, node: { host: string; name: string }): void {
    this.silentHosts.delete(host);
    if (node.host === host) this.nodeNames.set(host, node.name);
  }

  hostSilent(host: string): void {
    this.silentHosts.add(host);
  }

  /** Reads what never changes once: `key` names the primary's host, its timeline and ours. A failed read is not kept. */
  async timelinesOf(key: string, read: () => Promise<PrimaryTimelines>): Promise<PrimaryTimelines> {
    const known = this.timelines.get(key);
    if (known) return known;
    const seen = await read();
    this.timelines.set(key, seen);
    return seen;
  }

  /** Whether this host's agent did not answer when it was last asked. */
  wasSilent(host: string): boolean {
    return this.silentHosts.has(host);
  }

  /** NODE_NAME of a host, or null if it has never answered. */
  nameOf(host: string): string | null {
    return this.nodeNames.get(host) ?? null;
  }

  private change(change: Partial<SeenNow>): void {
    this.state = { ...this.state, ...change };
  }
}
