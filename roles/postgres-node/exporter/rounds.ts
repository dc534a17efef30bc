// Reads one thing after the other from PostgreSQL, at intervals and beside the agent's looks, so that a scrape never asks the server.
import { errorText } from "../../../core/words/errors.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { type Clock, every, withDeadline } from "../../../core/runtime/time.ts";
import { type ExporterSession, isRefusal } from "./source.ts";

export interface RoundDeps {
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  /** what the agent sees of the server; "silent": it runs, and does not answer */
  server(): "answers" | "silent" | "none";
  connect(): ExporterSession;
}

/** One thing that is read. */
export interface Reader<Value> {
  name: string;
  /** how often it is read, how soon again after a failure, and how long it may take, milliseconds */
  everyMs: number;
  againMs: number;
  readMs: number;
  /** undefined: there is nothing to read on this server */
  read(session: ExporterSession): Promise<Value | undefined>;
}

/** How that went the last time. */
export interface Reading<Value> {
  /** null if the last attempt failed: what is not known is absent */
  value: Value | null;
  /** why it failed; null: it did not, or was not asked since the server is silent */
  why: string | null;
  /** when it was last read, or first tried in vain: a vain attempt makes nothing younger. The clock's milliseconds */
  atMs: number;
  dueMs: number;
  tookMs: number;
}

/** Whether it was asked the last time: not if the server was silent. */
export const wasAsked = ({ value, why }: Reading<unknown>): boolean => value !== null || why !== null;

/** How often a round begins, milliseconds; nothing is read more often. */
export const roundMs = 10_000;

export class Rounds<Value> {
  readonly last = new Map<string, Reading<Value>>();
  private session: ExporterSession | null = null;

  constructor(private readonly readers: readonly Reader<Value>[], private readonly deps: RoundDeps) {}

  /** Runs `round`, which runs the one below, until the signal aborts. Never throws. */
  async run(round: () => Promise<void>, failed: (why: string) => void): Promise<void> {
    const { clock, signal } = this.deps;
    await every(roundMs, round, { clock, signal, onError: (error) => failed(errorText(error)) });
    this.close();
  }

  /**
   * Reads what is due, one after the other. Once the server does not answer, the others are not asked. Returns the failures, or
   * null if there is no server: then nothing is known, not even an age.
   */
  async round(): Promise<{ name: string; why: string }[] | null> {
    const { clock, signal } = this.deps;
    const startedMs = clock.nowMs();
    const failures: { name: string; why: string }[] = [];
    let silent = false;
    for (const reader of this.readers) {
      if (signal.aborted) break;
      const server = this.deps.server();
      if (server === "none") {
        this.last.clear();
        this.close();
        return null;
      }
      silent ||= server === "silent";
      const due = this.last.get(reader.name)?.dueMs ?? -Infinity;
      if (silent) this.keep(reader, { value: null, why: null, tookMs: 0 });
      else if (startedMs >= due - roundMs / 2) {
        const failure = await this.read(reader);
        if (failure === null) continue;
        failures.push({ name: reader.name, why: failure.why });
        silent = !failure.refused;
      }
    }
    if (silent) this.close();
    return failures;
  }

  private async read(reader: Reader<Value>): Promise<{ why: string; refused: boolean } | null> {
    const { clock, connect } = this.deps;
    const startedMs = clock.nowMs();
    const tookMs = () => clock.nowMs() - startedMs;
    try {
      this.session ??= connect();
      const value = await withDeadline(reader.read(this.session), reader.readMs, "PostgreSQL");
      if (value !== undefined) this.keep(reader, { value, why: null, tookMs: tookMs() });
      return null;
    } catch (error) {
      const why = errorText(error);
      this.keep(reader, { value: null, why, tookMs: tookMs() });
      this.close(); // it may still be busy
      return { why, refused: isRefusal(error) };
    }
  }

  private keep(
    { name, everyMs, againMs }: Reader<Value>,
    went: Pick<Reading<Value>, "value" | "why" | "tookMs">,
  ): void {
    const nowMs = this.deps.clock.nowMs();
    this.last.set(name, {
      ...went,
      atMs: went.value === null ? this.last.get(name)?.atMs ?? nowMs - went.tookMs : nowMs,
      dueMs: nowMs + (went.value !== null ? everyMs : went.why !== null ? againMs : 0),
    });
  }

  private close(): void {
    this.session?.close();
    this.session = null;
  }
}
