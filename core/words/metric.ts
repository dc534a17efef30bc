// PURE: metrics as data: what each is called, what it says, and how a gauge is read from what was seen. Their text is made
// in core/http/metrics.ts.

/** A value that could not be seen is null and left out, never zero. */
export type Reading = number | boolean | null;

/** A value of this moment, read from a view at each scrape. */
export interface Gauge<View> {
  name: string;
  help: string;
  labels: readonly string[];
  read(view: View): readonly { labels: Readonly<Record<string, string>>; value: Reading }[];
}

/** A gauge with one value. */
export function gauge<View>(name: string, help: string, read: (view: View) => Reading): Gauge<View> {
  return { name, help, labels: [], read: (view) => [{ labels: {}, value: read(view) }] };
}

/** A gauge with a value for each of several things, told apart by its labels. */
export function gaugeOfEach<View, Label extends string>(
  name: string,
  help: string,
  labels: readonly Label[],
  read: (view: View) => readonly { labels: Readonly<Record<Label, string>>; value: Reading }[],
): Gauge<View> {
  return { name, help, labels, read };
}

/** Counts what happens, where it happens. */
export interface Counter {
  inc(): void;
}

/** Takes how long something took, where it was measured. */
export interface Duration {
  observe(seconds: number): void;
}

/** Where the counters and durations of a role are made. */
export interface EventMetrics {
  counter(name: string, help: string): Counter;
  /** `upTo`: the bounds of the buckets, seconds */
  duration(name: string, help: string, upTo: readonly number[]): Duration;
}
