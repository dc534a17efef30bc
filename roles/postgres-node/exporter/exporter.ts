// Reads what PostgreSQL says about itself at intervals, beside the agent's looks, so that a scrape never asks the server.
import { errorText } from "../../../core/words/errors.ts";
import { familiesText, type Family, familyOf } from "../../../core/words/family.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { type Clock, every, withDeadline } from "../../../core/runtime/time.ts";
import { serverSources } from "./server-sources.ts";
import { settingFamilies, settingsSql } from "./settings.ts";
import { type ExporterSession, familiesOf, isRefusal, type ReadAs, type Row, type Source } from "./source.ts";
import { statSources } from "./stat-sources.ts";
import { slotSources } from "./slot-sources.ts";
import { tableSources } from "./table-sources.ts";

export interface ExporterDeps {
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  /** whether there is a server that answers its agent */
  answers(): boolean;
  connect(): ExporterSession;
  /** value of the label `server` */
  server: string;
  /** series of the largest tables, up to so many tables */
  tables: number;
}

/** How often the sources are read, and those that cost much or seldom change, milliseconds. */
const everyMs = 10_000;
const slowEveryMs = 30_000;
/** One source may take so long, milliseconds; the server ends the statement sooner (connectExporter). */
const sourceMs = 4_000;

interface Reader {
  name: string;
  everyMs: number;
  sql: string;
  as: ReadAs;
  families(rows: readonly Row[]): Family[];
}

interface Read {
  /** null if the last attempt failed: what is not known is absent */
  text: string | null;
  atMs: number;
  tookMs: number;
}

export class Exporter {
  private readonly readers: readonly Reader[];
  private readonly last = new Map<string, Read>();
  private session: ExporterSession | null = null;
  private rounds = 0;
  private lastRound = { failed: false, tookMs: 0 };
  private said: string | null = null;

  constructor(private readonly deps: ExporterDeps) {
    const { server, tables } = deps;
    const ofSource = (source: Source): Reader => ({
      ...source,
      as: source.privileged ? "superuser" : "monitor",
      everyMs: source.slow ? slowEveryMs : everyMs,
      families: (rows) => familiesOf(source, rows, server),
    });
    const settings: Reader = {
      name: "settings",
      everyMs: slowEveryMs,
      sql: settingsSql,
      as: "plain",
      families: (rows) => settingFamilies(rows, server),
    };
    this.readers = [...serverSources, ...slotSources, ...statSources, ...tableSources(tables)].map(ofSource).concat(
      settings,
    );
  }

  /** Reads until the signal aborts. Never throws. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.deps;
    await every(everyMs, () => this.round(), {
      clock,
      signal,
      onError: (error) => log.warn("Metrics of PostgreSQL could not be read", { why: errorText(error) }),
    });
    this.close();
  }

  /** Reads each source that is due, one after the other. Once the server does not answer, the others are not asked. */
  async round(): Promise<void> {
    const { clock, log, signal } = this.deps;
    if (!this.deps.answers()) {
      this.last.clear();
      return this.close();
    }
    const startedMs = clock.nowMs();
    let answers = true;
    let failed: { source: string; why: string } | null = null;
    for (const reader of this.readers) {
      const before = this.last.get(reader.name);
      if (!answers) this.keep(reader, null, clock.nowMs());
      else if ((before?.text ?? null) === null || startedMs - before!.atMs >= reader.everyMs - everyMs / 2) {
        const error = await this.read(reader);
        if (error === null) continue;
        failed ??= { source: reader.name, why: errorText(error) };
        answers = isRefusal(error);
      }
    }
    this.rounds += 1;
    this.lastRound = { failed: failed !== null, tookMs: clock.nowMs() - startedMs };
    if (failed !== null && failed.why !== this.said && !signal.aborted) {
      log.warn("Metrics of PostgreSQL could not be read", failed);
    }
    this.said = failed?.why ?? null;
  }

  /** Reads one source. Returns the error if that failed. */
  private async read(reader: Reader): Promise<unknown> {
    const startedMs = this.deps.clock.nowMs();
    try {
      this.session ??= this.deps.connect();
      const rows = await withDeadline(this.session.rows(reader.sql, reader.as), sourceMs, "PostgreSQL");
      this.keep(reader, familiesText(reader.families(rows)), startedMs);
      return null;
    } catch (error) {
      this.keep(reader, null, startedMs);
      this.close(); // it may still be busy
      return error;
    }
  }

  /** A vain attempt makes nothing younger. */
  private keep({ name }: Reader, text: string | null, startedMs: number): void {
    const nowMs = this.deps.clock.nowMs();
    const atMs = text === null ? this.last.get(name)?.atMs ?? startedMs : nowMs;
    this.last.set(name, { text, atMs, tookMs: nowMs - startedMs });
  }

  /** What a scrape gets: what was last read, and how old it is. */
  text(): string {
    const nowMs = this.deps.clock.nowMs();
    const entries = [...this.last].map(([source, read]) => ({ source, ...read }));
    const of = (name: string, help: string, value: (read: Read) => number, label = "source"): Family => ({
      name,
      type: "gauge",
      help,
      samples: entries.map(({ source, ...read }) => ({ labels: { [label]: source }, value: value(read) })),
    });
    const about: Family[] = [
      of(
        "postdock_metrics_age_seconds",
        "Age of what was last read from PostgreSQL for these metrics, seconds",
        (read) => (nowMs - read.atMs) / 1000,
      ),
      of(
        "pg_scrape_collector_duration_seconds",
        "Time that reading took, seconds",
        (read) => read.tookMs / 1000,
        "collector",
      ),
      of(
        "pg_scrape_collector_success",
        "1 if the last attempt to read succeeded",
        (read) => Number(read.text !== null),
        "collector",
      ),
      familyOf("pg_exporter_scrapes_total", "counter", "Times that PostgreSQL was read for metrics", this.rounds),
      familyOf(
        "pg_exporter_last_scrape_error",
        "gauge",
        "1 if something could not be read the last time",
        this.lastRound.failed,
      ),
      familyOf(
        "pg_exporter_last_scrape_duration_seconds",
        "gauge",
        "Time that reading took the last time, seconds",
        this.lastRound.tookMs / 1000,
      ),
    ];
    return entries.map(({ text }) => text ?? "").join("") + familiesText(about);
  }

  private close(): void {
    this.session?.close();
    this.session = null;
  }
}
