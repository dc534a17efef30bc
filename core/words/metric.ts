// PURE: metrics as data: the name and help of each, and how a gauge is read from what was seen. core/http/metrics.ts makes
// their text.

/** A value that could not be seen is null, and left out of a scrape; it is never zero. */
export type Reading = number | boolean | null;

/** A present value, read from a view at each scrape. */
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

/** A gauge with a value for each of several things, which its labels distinguish. */
export function gaugeOfEach<View, Label extends string>(
  name: string,
  help: string,
  labels: readonly Label[],
  read: (view: View) => readonly { labels: Readonly<Record<Label, string>>; value: Reading }[],
): Gauge<View> {
  return { name, help, labels, read };
}

/** Counts events, at the place in the code where they happen. */
export interface Counter {
  inc(): void;
}

/** Records how long something took, seconds. */
export interface Duration {
  observe(seconds: number): void;
}

/** Where the counters and durations of a role are made. */
export interface EventMetrics {
  counter(name: string, help: string): Counter;
  /** `upTo`: the bounds of the buckets, seconds */
  duration(name: string, help: string, upTo: readonly number[]): Duration;
}
