// What PostgreSQL says about itself, under the names of postgres_exporter.
import { familiesText, type Family, familyOf } from "../../../core/words/family.ts";
import { type Reader, type Reading, type RoundDeps, roundMs, Rounds } from "./rounds.ts";
import { hasFeature } from "../../../config/postgres-features.ts";
import { serverSources } from "./server-sources.ts";
import { settingFamilies, settingsSql } from "./settings.ts";
import { familiesOf, type ReadAs, type Row, type Source, type Versions } from "./source.ts";
import { statSources } from "./stat-sources.ts";
import { slotSources } from "./slot-sources.ts";
import { ioSources } from "./io-sources.ts";
import { tableSources } from "./table-sources.ts";

export interface ExporterDeps extends RoundDeps {
  /** value of the label `server` */
  label: string;
  /** series of the largest tables, up to so many tables */
  tables: number;
  /** of the server, which is the image's */
  versions: Versions;
}

/** How often sources are read that cost much or seldom change, milliseconds. */
const slowEveryMs = 30_000;
/** One source may take so long, milliseconds; the server ends the statement sooner (connectExporter). */
const sourceMs = 4_000;

export class Exporter {
  private readonly readings: Rounds<string>;
  private rounds = 0;
  private lastRound = { failed: false, tookMs: 0 };
  private said: string | null = null;

  constructor(private readonly deps: ExporterDeps) {
    const { label, tables, versions } = deps;
    const reader = (
      { name, sql, slow }: Pick<Source, "name" | "sql" | "slow">,
      as: ReadAs,
      families: (rows: readonly Row[]) => Family[],
    ): Reader<string> => ({
      name,
      everyMs: slow ? slowEveryMs : roundMs,
      againMs: 0,
      readMs: sourceMs,
      read: async (session) => familiesText(families(await session.rows(sql, as))),
    });
    const sources = [
      ...serverSources,
      ...slotSources,
      ...statSources(versions),
      ...ioSources(versions),
      ...tableSources(tables),
    ]
      .filter(({ feature }) => feature === undefined || hasFeature(versions, feature));
    this.readings = new Rounds([
      ...sources.map((s) => reader(s, s.privileged ? "superuser" : "monitor", (rows) => familiesOf(s, rows, label))),
      reader({ name: "settings", sql: settingsSql, slow: true }, "plain", (rows) => settingFamilies(rows, label)),
    ], deps);
  }

  /** Reads until the signal aborts. Never throws. */
  async run(): Promise<void> {
    await this.readings.run(
      () => this.round(),
      (why) => this.deps.log.warn("Metrics of PostgreSQL could not be read", { why }),
    );
  }

  /** Reads each source that is due. */
  async round(): Promise<void> {
    const { clock, log, signal } = this.deps;
    const startedMs = clock.nowMs();
    const failures = await this.readings.round();
    if (failures === null) return;
    this.rounds += 1;
    const lacks = [...this.readings.last.values()].some((reading) => reading.value === null);
    this.lastRound = { failed: lacks, tookMs: clock.nowMs() - startedMs };
    const [first] = failures;
    if (first && first.why !== this.said && !signal.aborted) {
      log.warn("Metrics of PostgreSQL could not be read", { source: first.name, why: first.why });
    }
    this.said = first?.why ?? null;
  }

  /** What a scrape gets: what was last read, and how old it is. */
  text(): string {
    const nowMs = this.deps.clock.nowMs();
    const entries = [...this.readings.last];
    const of = (name: string, help: string, value: (read: Reading<string>) => number, label = "source"): Family => ({
      name,
      type: "gauge",
      help,
      samples: entries.map(([source, read]) => ({ labels: { [label]: source }, value: value(read) })),
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
        (read) => Number(read.value !== null),
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
    return entries.map(([, { value }]) => value ?? "").join("") + familiesText(about);
  }
}
