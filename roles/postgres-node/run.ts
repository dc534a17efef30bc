// One run of this node's server, from its start to its end, and why it ended.
import type { Trouble } from "../../core/protocol/trouble.ts";
import type { ServerProcess } from "./doors.ts";
import type { Surroundings } from "./decide/view.ts";
import type { Heir } from "./act/hand-over.ts";

export type ServerEnd =
  | { why: "stopped" }
  | { why: "never-ready"; trouble: Trouble }
  | { why: "died"; trouble: Trouble }
  /** a WAL file is removed before the server goes on as what it is (decide/hidden-wal.ts) */
  | { why: "start-again"; because: string }
  /** it was started to be promoted, and was not */
  | { why: "not-promoted"; trouble: Trouble }
  | { why: "demoted" }
  | { why: "fenced" }
  /** a backup is to be restored here, or the old data are put back; the lease is kept */
  | { why: "restore"; because: string }
  /** a recovery from a backup has ended before its target */
  | { why: "not-recovered"; trouble: Trouble }
  /** the same node leads again, under its lease and a greater epoch */
  | { why: "lead-again"; because: string }
  | { why: "handed-over"; heir: Heir }
  /** `streamed`: it has streamed in this run */
  | { why: "rejoin"; clone: boolean; streamed: boolean; because: string };

/** What the watch of a running server remembers between two looks. */
export class ServerRun {
  /** the other containers at the last look, or null before the first */
  surroundings: Surroundings | null = null;
  /** the next look comes after this at the latest, milliseconds; null: after the usual wait */
  retryMs: number | null = null;
  /** it has streamed for a while */
  streamed = false;
  private answersSince: number | null = null;
  private notStreamingSince: number | null = null;
  private noPrimarySince: number | null = null;

  constructor(readonly process: ServerProcess) {}

  /** For how long it has answered, from one look to the next, milliseconds. */
  answersMs(nowMs: number): number {
    this.answersSince ??= nowMs;
    return nowMs - this.answersSince;
  }

  /** For how long it has not streamed, milliseconds. */
  notStreamingMs(streams: boolean, nowMs: number): number {
    this.streamed ||= streams;
    this.notStreamingSince = streams ? null : this.notStreamingSince ?? nowMs;
    return this.notStreamingSince === null ? 0 : nowMs - this.notStreamingSince;
  }

  /** The upstream has changed: the time without streaming starts again. */
  upstreamChanged(): void {
    this.notStreamingSince = null;
  }

  /** For how long no primary has been in sight, milliseconds. */
  noPrimaryMs(inSight: boolean, nowMs: number): number {
    this.noPrimarySince = inSight ? null : this.noPrimarySince ?? nowMs;
    return this.noPrimarySince === null ? 0 : nowMs - this.noPrimarySince;
  }
}
