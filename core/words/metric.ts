// PURE: metrics as data: the name and help of each, and how a gauge is read from what was seen. core/http/metrics.ts makes
// their text.

import { POSTDOCK_VERSION } from "./version.ts";

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

/** Which version of PostDock this container runs. */
export function buildInfo<View>(): Gauge<View> {
  return gaugeOfEach("postdock_build_info", "1, with the version of PostDock", ["version"], () => [
    { labels: { version: POSTDOCK_VERSION }, value: 1 },
  ]);
}

/** Read from the variables of this container. */
export function publishedPasswordsGauge<View>(read: (view: View) => Reading): Gauge<View> {
  const help = "Passwords in variables of this container that are a default or stand in PostDock's examples";
  return gauge("postdock_published_passwords", help, read);
}

/** What is known of a container's TLS; null: it has none. `endsMs`: when its certificate ends, milliseconds since the epoch. */
export type TlsSeen = { faults: number; endsMs: number | null } | null;

/** The same in each container, so that one alert is for all. */
export function tlsGauges<View>(read: (view: View) => TlsSeen): Gauge<View>[] {
  return [
    gauge(
      "postdock_tls_faults",
      "What is wrong with the files of TLS, or soon will be",
      (v) => read(v)?.faults ?? null,
    ),
    gauge("postdock_tls_certificate_end_time_seconds", "When the certificate ends, seconds since the epoch", (v) => {
      const ends = read(v)?.endsMs ?? null;
      return ends === null ? null : ends / 1000;
    }),
  ];
}

/** Counts events, at the place in the code where they happen. */
export interface Counter {
  inc(): void;
}

/** Records how long something took, seconds. */
export interface Duration {
  observe(seconds: number): void;
}

/** Counts events of several kinds; each kind is there from the start, as 0. */
export interface CounterOfEach<Kind extends string> {
  inc(kind: Kind): void;
}

/** Records how long things of several kinds took, seconds. */
export interface DurationOfEach<Kind extends string> {
  observe(kind: Kind, seconds: number): void;
}

/** A label with all its values: so the series have a bound. */
export interface Kinds<Kind extends string> {
  label: string;
  kinds: readonly Kind[];
}

/** Where the counters and durations of a role are made. */
export interface EventMetrics {
  counter(name: string, help: string): Counter;
  counterOfEach<Kind extends string>(name: string, help: string, of: Kinds<Kind>): CounterOfEach<Kind>;
  /** `upTo`: the bounds of the buckets, seconds */
  duration(name: string, help: string, upTo: readonly number[]): Duration;
  durationOfEach<Kind extends string>(
    name: string,
    help: string,
    of: Kinds<Kind> & { upTo: readonly number[] },
  ): DurationOfEach<Kind>;
}
