// What a scrape shows, for tests: each series with its type and the names of its labels.

/** "gauge pg_up{node}" for each series of Prometheus text that has a value, sorted, each once; buckets under their histogram. */
export function seriesOf(text: string): string[] {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => [m[1]!, m[2]!]));
  const series = [...text.matchAll(/^([a-z0-9_]+)(?:\{(.*)\})? \S+$/gm)].map(([, name = "", labels = ""]) => {
    const base = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
    const names = [...labels.matchAll(/(\w+)="/g)].map((m) => m[1]!).filter((l) => l !== "le").sort();
    return `${types.get(base) ?? "untyped"} ${base}{${names.join(",")}}`;
  });
  return [...new Set(series)].sort();
}
