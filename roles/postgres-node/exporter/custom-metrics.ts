// Reads the operator's queries at intervals, beside the exporter's own sources, so that a slow one delays nothing but itself.
import { errorText } from "../../../core/words/errors.ts";
import { familiesText, type Family } from "../../../core/words/family.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { type Clock, every, withDeadline } from "../../../core/runtime/time.ts";
import { customFamilies, type CustomQuery } from "./custom-queries.ts";
import { type ExporterSession, isRefusal } from "./source.ts";
import { matchesRange, versionOf } from "./version-range.ts";

/** The file of METRICS_QUERIES, as it was read at the start. */
export interface QueriesFile {
  path: string;
  /** SHA-256 of its content, hexadecimal */
  hash: string;
  queries: readonly CustomQuery[];
}

export interface CustomDeps {
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  /** whether there is a server that answers its agent */
  answers(): boolean;
  connect(): ExporterSession;
}

/** How often a query runs at most, and how long it may take, milliseconds; the server ends its statements sooner. */
const everyMs = 10_000;
const queryMs = 8_000;
/** A query that has failed runs again after this long at the latest, milliseconds. */
const againMs = 60_000;

interface Read {
  /** null if the last attempt failed: what is not known is absent */
  families: readonly Family[] | null;
  problem: string | null;
  atMs: number;
  tookMs: number;
}

export class CustomMetrics {
  private readonly last = new Map<string, Read>();
  /** what was logged last of each query */
  private readonly said = new Map<string, string | null>();
  private readonly leftOut = new Set<string>();
  private session: ExporterSession | null = null;

  constructor(private readonly file: QueriesFile, private readonly deps: CustomDeps) {}

  /** Reads until the signal aborts. Never throws. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.deps;
    await every(everyMs, () => this.round(), {
      clock,
      signal,
      onError: (error) => log.warn("Custom metrics could not be read", { why: errorText(error) }),
    });
    this.close();
  }

  /** Runs each query that is due, one after the other. Once the server does not answer, the others are not asked. */
  async round(): Promise<void> {
    const { clock, signal } = this.deps;
    const startedMs = clock.nowMs();
    for (const query of this.file.queries) {
      if (signal.aborted) return;
      if (!this.deps.answers()) {
        this.last.clear();
        return this.close();
      }
      const before = this.last.get(query.name);
      if (before !== undefined && startedMs - before.atMs < pauseMs(query, before) - everyMs / 2) continue;
      if (await this.read(query)) continue;
      for (const name of this.last.keys()) if (name !== query.name) this.last.delete(name);
      return;
    }
  }

  /** Returns whether the server has answered. */
  private async read(query: CustomQuery): Promise<boolean> {
    const { clock } = this.deps;
    const startedMs = clock.nowMs();
    const keep = (families: Read["families"], problem: string | null) => {
      this.last.set(query.name, { families, problem, atMs: clock.nowMs(), tookMs: clock.nowMs() - startedMs });
      this.say(query.name, problem);
    };
    try {
      const session = this.session ??= this.deps.connect();
      const rows = await withDeadline(this.rows(query, session), queryMs, "PostgreSQL");
      if (rows === null) return true;
      const { families, problems } = customFamilies(query, rows);
      keep(families, problems.length === 0 ? null : problems.join("; "));
      return true;
    } catch (error) {
      keep(null, errorText(error));
      this.close(); // it may still be busy
      return isRefusal(error);
    }
  }

  /** Null: the query is for other versions of PostgreSQL. */
  private async rows({ range, sql }: CustomQuery, session: ExporterSession) {
    if (range !== null) {
      const [row] = await session.rows("select current_setting('server_version_num')::int as version", "monitor");
      if (matchesRange(range, versionOf(Number(row?.version))) !== true) return null;
    }
    return await session.rows(sql, "custom");
  }

  private say(query: string, problem: string | null): void {
    const { log, signal } = this.deps;
    if (problem !== null && problem !== this.said.get(query) && !signal.aborted) {
      log.warn("A query of METRICS_QUERIES has failed, or is cut", { query, why: problem, file: this.file.path });
    }
    this.said.set(query, problem);
  }

  /** What a scrape gets: what was last read, and how it went. Families whose names are `taken` already are left out. */
  text(taken: ReadonlySet<string>): string {
    const nowMs = this.deps.clock.nowMs();
    const names = new Set(taken);
    const shown: Family[] = [];
    for (const { families } of this.last.values()) {
      for (const family of families ?? []) {
        if (names.has(family.name)) this.leaveOut(family.name);
        else shown.push(family);
        names.add(family.name);
      }
    }
    const of = (name: string, help: string, value: (read: Read) => number): Family => ({
      name: `postdock_custom_query_${name}`,
      type: "gauge",
      help,
      samples: [...this.last].map(([query, read]) => ({ labels: { query }, value: value(read) })),
    });
    return familiesText([
      ...shown,
      of("error", "1 if the query failed the last time, or its answer was cut", (r) => Number(r.problem !== null)),
      of(
        "age_seconds",
        "Age of what the query has answered, or of its failure, seconds",
        (r) => (nowMs - r.atMs) / 1000,
      ),
      of("duration_seconds", "Time that the query took the last time, seconds", (r) => r.tookMs / 1000),
      {
        name: "pg_exporter_user_queries_load_error",
        type: "gauge",
        help: "0: the file of METRICS_QUERIES was read; a file that is wrong is refused at the start",
        samples: [{ labels: { filename: this.file.path, hashsum: this.file.hash }, value: 0 }],
      },
    ]);
  }

  private leaveOut(name: string): void {
    if (!this.leftOut.has(name)) {
      this.deps.log.warn("A metric of METRICS_QUERIES is left out: there is one of that name", { metric: name });
    }
    this.leftOut.add(name);
  }

  private close(): void {
    this.session?.close();
    this.session = null;
  }
}

const pauseMs = ({ cacheMs }: CustomQuery, { families }: Read) =>
  Math.max(everyMs, families === null ? Math.min(cacheMs, againMs) : cacheMs);

/** The names of the metrics in a scrape. */
export const namesIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!));
