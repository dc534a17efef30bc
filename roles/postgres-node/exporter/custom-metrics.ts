// Reads the operator's queries at intervals, beside the exporter's own sources, so that a slow one delays nothing but itself.
import { familiesText, type Family } from "../../../core/words/family.ts";
import { customFamilies, type CustomQuery } from "./custom-queries.ts";
import { type Reading, type RoundDeps, Rounds, wasAsked } from "./rounds.ts";
import type { ExporterSession } from "./source.ts";
import { matchesRange, versionOf } from "./version-range.ts";

/** The file of METRICS_QUERIES, as it was read at the start. */
export interface QueriesFile {
  path: string;
  /** SHA-256 of its content, hexadecimal */
  hash: string;
  queries: readonly CustomQuery[];
}

/** How long a query may take, milliseconds; the server ends its statements sooner. */
const queryMs = 8_000;
/** A query that has failed runs again after this long at the latest, milliseconds. */
const againMs = 60_000;

interface Answer {
  families: readonly Family[];
  /** what is cut off of it */
  problem: string | null;
}

const problemOf = ({ value, why }: Reading<Answer>): string | null => why ?? value?.problem ?? null;

export class CustomMetrics {
  private readonly readings: Rounds<Answer>;
  /** what was logged last of each query */
  private readonly said = new Map<string, string | null>();
  private readonly leftOut = new Set<string>();

  constructor(private readonly file: QueriesFile, private readonly deps: RoundDeps) {
    this.readings = new Rounds(
      file.queries.map((query) => ({
        name: query.name,
        everyMs: query.cacheMs,
        againMs: Math.min(query.cacheMs, againMs),
        readMs: queryMs,
        read: (session) => read(query, session),
      })),
      deps,
    );
  }

  /** Reads until the signal aborts. Never throws. */
  async run(): Promise<void> {
    await this.readings.run(
      () => this.round(),
      (why) => this.deps.log.warn("Custom metrics could not be read", { why }),
    );
  }

  /** Runs each query that is due. */
  async round(): Promise<void> {
    await this.readings.round();
    for (const [query, reading] of this.readings.last) if (wasAsked(reading)) this.say(query, problemOf(reading));
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
    const { last } = this.readings;
    for (const { value } of last.values()) {
      for (const family of value?.families ?? []) {
        if (names.has(family.name)) this.leaveOut(family.name);
        else shown.push(family);
        names.add(family.name);
      }
    }
    const of = (name: string, help: string, value: (read: Reading<Answer>) => number, of = [...last]): Family => ({
      name: `postdock_custom_query_${name}`,
      type: "gauge",
      help,
      samples: of.map(([query, read]) => ({ labels: { query }, value: value(read) })),
    });
    return familiesText([
      ...shown,
      of(
        "error",
        "1 if the query failed the last time, or its answer was cut",
        (r) => Number(problemOf(r) !== null),
        [...last].filter(([, reading]) => wasAsked(reading)),
      ),
      of("age_seconds", "Age of what the query has answered last, seconds", (r) => (nowMs - r.atMs) / 1000),
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
}

/** Undefined: the query is for other versions of PostgreSQL. */
async function read(query: CustomQuery, session: ExporterSession): Promise<Answer | undefined> {
  if (query.range !== null) {
    const [row] = await session.rows("select current_setting('server_version_num')::int as version", "monitor");
    if (matchesRange(query.range, versionOf(Number(row?.version))) !== true) return undefined;
  }
  const { families, problems } = customFamilies(query, await session.rows(query.sql, "custom"));
  return { families, problem: problems.length === 0 ? null : problems.join("; ") };
}

/** The names of the metrics in a scrape. */
export const namesIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!));
