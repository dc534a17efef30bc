// The metrics of a role and their text: the only file that knows prom-client.
import { Counter as PromCounter, Gauge as PromGauge, Histogram, Registry } from "prom-client";
import type { Counter, CounterOfEach, Duration, DurationOfEach, EventMetrics, Gauge, Kinds } from "../words/metric.ts";

/** The content type of GET /metrics. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** Gauges, counters and durations of one role. */
export class Metrics implements EventMetrics {
  private readonly registry = new Registry();
  private readonly forget: (() => void)[] = [];
  private readonly others: (() => string)[] = [];

  /** `labels`: on every series of the role */
  constructor(labels: Readonly<Record<string, string>> = {}) {
    this.registry.setDefaultLabels({ ...labels });
  }

  /** Adds gauges that each scrape reads, all from one look. */
  gauges<View>(gauges: readonly Gauge<View>[], look: () => View): void {
    let seen: { view: View } | null = null;
    this.forget.push(() => seen = null);
    for (const { name, help, labels, read } of gauges) {
      new PromGauge({
        name,
        help,
        labelNames: [...labels],
        registers: [this.registry],
        collect() {
          seen ??= { view: look() };
          this.reset();
          if (labels.length === 0) this.remove(); // a reset leaves a zero there
          for (const { labels: of, value } of read(seen.view)) if (value !== null) this.set({ ...of }, Number(value));
        },
      });
    }
  }

  counter(name: string, help: string): Counter {
    return new PromCounter({ name, help, registers: [this.registry] });
  }

  duration(name: string, help: string, upTo: readonly number[]): Duration {
    return new Histogram({ name, help, buckets: [...upTo], registers: [this.registry] });
  }

  counterOfEach<Kind extends string>(name: string, help: string, { label, kinds }: Kinds<Kind>): CounterOfEach<Kind> {
    const counter = new PromCounter({ name, help, labelNames: [label], registers: [this.registry] });
    for (const kind of kinds) counter.inc({ [label]: kind }, 0);
    return { inc: (kind) => counter.inc({ [label]: kind }) };
  }

  durationOfEach<Kind extends string>(
    name: string,
    help: string,
    { label, kinds, upTo }: Kinds<Kind> & { upTo: readonly number[] },
  ): DurationOfEach<Kind> {
    const histogram = new Histogram({
      name,
      help,
      labelNames: [label],
      buckets: [...upTo],
      registers: [this.registry],
    });
    for (const kind of kinds) histogram.zero({ [label]: kind });
    return { observe: (kind, seconds) => histogram.observe({ [label]: kind }, seconds) };
  }

  /** Adds text that each scrape gets as it is, without the labels of the role; it ends with a newline, or is empty. */
  also(text: () => string): void {
    this.others.push(text);
  }

  /** What a scrape gets. */
  async text(): Promise<string> {
    for (const forget of this.forget) forget();
    const own = await this.registry.metrics();
    return own + this.others.map((text) => text()).join("");
  }
}
