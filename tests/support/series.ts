// The series of a scrape, for tests: Prometheus text as a map from name and labels to the value.

export interface Scrape {
  /** "name{label="value",…}" and its value */
  values: ReadonlyMap<string, number>;
  /** the type of each metric name */
  types: ReadonlyMap<string, string>;
}

/** Reads Prometheus text. Throws if a series is there twice, which Prometheus refuses. */
export function parseScrape(text: string): Scrape {
  const values = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined) types.set(name, type!);
    if (line === "" || line.startsWith("#")) continue;
    const at = line.lastIndexOf(" ");
    const series = line.slice(0, at);
    if (values.has(series)) throw new Error(`twice: ${series}`);
    values.set(series, Number(line.slice(at + 1)));
  }
  return { values, types };
}

/** The name of a series without its labels. */
export const nameOf = (series: string): string => /^[^{]*/.exec(series)![0];
