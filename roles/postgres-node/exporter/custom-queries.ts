// PURE: queries of the operator, in the form of postgres_exporter's --extend.query-path, and what their rows become
// (https://github.com/prometheus-community/postgres_exporter, queries.yaml).
import { z } from "zod";
import type { Family } from "../../../core/words/family.ts";
import type { Row } from "./source.ts";
import { matchesRange } from "./version-range.ts";

/** Bounds of what is read: queries in a file, columns and series of a query, characters of a label. */
export const most = { queries: 50, columns: 40, series: 1_000, label: 200 } as const;

/** With one row more than may be shown, it is known that there are more. */
export const rowsToFetch = most.series + 1;

/** What a file may hold, in words. */
export const acceptedForm =
  "NAME: {query: SELECT …, metrics: [{COLUMN: {usage: GAUGE, description: …}}]}; usage is LABEL, GAUGE, COUNTER, " +
  "MAPPEDMETRIC (with metric_mapping) or DISCARD; beside query, cache_seconds, master and runonserver may stand";

const usages = ["LABEL", "GAUGE", "COUNTER", "MAPPEDMETRIC", "DISCARD"] as const;

const Mapped = z.strictObject({
  usage: z.enum(usages, { error: `usage is not one of ${usages.join(", ")}` }),
  description: z.string().default(""),
  metric_mapping: z.record(z.string(), z.number()).optional(),
});
const identifier = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const ColumnName = z.string().regex(identifier, "is not a name of letters, digits and _").refine(
  (name) => !name.startsWith("__"),
  "begins with two _, which Prometheus keeps for itself",
);
const QueryName = z.string().regex(identifier, "is not a name of letters, digits and _").refine(
  (name) => !/^(postdock|process)(_|$)/.test(name),
  "begins with postdock or process, whose metrics are PostDock's own",
);
const OneColumn = z.record(ColumnName, Mapped).refine(
  (entry) => Object.keys(entry).length === 1,
  "holds more than one column; write one under each dash",
);
const QuerySchema = z.strictObject({
  query: z.string({ error: "is missing, or is not text" }).regex(/\S/, "is empty"),
  metrics: z.array(OneColumn).min(1, "names no column").max(most.columns, `names over ${most.columns} columns`),
  cache_seconds: z.int().min(0).max(86_400).default(0),
  // with postgres_exporter: once a server, not once a database; here only one database is read
  master: z.boolean().optional(),
  runonserver: z.string().refine((text) => matchesRange(text, 17) !== null, "is not a range such as >=14.0.0")
    .optional(),
});
const FileSchema = z.record(QueryName, QuerySchema, { error: "is not a list of queries by their names" }).refine(
  (file) => Object.keys(file).length <= most.queries,
  `holds over ${most.queries} queries`,
);

/** What a column becomes. */
type Mapping = z.infer<typeof Mapped>;

export interface CustomQuery {
  name: string;
  /** one SELECT or VALUES */
  sql: string;
  cacheMs: number;
  /** versions of PostgreSQL for which it is meant; null: all */
  range: string | null;
  columns: readonly (Mapping & { column: string })[];
}

/** The queries of a file that was read as YAML; or what is wrong with it, with the place, as the end of a sentence. */
export function parseQueries(
  document: unknown,
): { ok: true; queries: CustomQuery[] } | { ok: false; problems: string[] } {
  const parsed = FileSchema.safeParse(document ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => {
      const inner = issue.code === "invalid_key" ? issue.issues : [issue];
      return inner.map(({ message }) => [issue.path.join("."), message].filter((part) => part !== "").join(": "));
    });
    return { ok: false, problems };
  }
  const queries = Object.entries(parsed.data).map(([name, { query, metrics, cache_seconds, runonserver }]) => ({
    name,
    sql: query.trim().replace(/;\s*$/, ""),
    cacheMs: cache_seconds * 1000,
    range: runonserver ?? null,
    columns: metrics.flatMap((entry) => Object.entries(entry).map(([column, mapping]) => ({ column, ...mapping }))),
  }));
  const twice = queries.flatMap(({ name, columns }) => {
    const names = columns.map((c) => c.column);
    const repeated = names.find((column, i) => names.indexOf(column) !== i);
    return repeated === undefined ? [] : [`${name}.metrics: ${repeated} is there twice`];
  });
  return twice.length > 0 ? { ok: false, problems: twice } : { ok: true, queries };
}

/** What rows become, and what is wrong with them; a value that is null is left out. */
export interface CustomResult {
  families: Family[];
  problems: string[];
}

/** The families of a query. Rows beyond the bound are left out, and that is a problem. */
export function customFamilies({ name, columns }: CustomQuery, rows: readonly Row[]): CustomResult {
  const values = columns.filter(({ usage }) => usage !== "LABEL" && usage !== "DISCARD");
  const mostRows = Math.floor(most.series / Math.max(1, values.length));
  const kept = rows.slice(0, mostRows);
  const problems = new Set<string>();
  if (rows.length > mostRows) problems.add(`it returns more than ${mostRows} rows; the others are left out`);
  const missing = kept[0] === undefined ? [] : columns.filter(({ column }) => !(column in kept[0]!));
  for (const { column } of missing) problems.add(`it returns no column ${column}`);
  const labels = kept.map((row) => labelsOf(columns, row));
  const keys = labels.map((of) => JSON.stringify(of));
  if (new Set(keys).size < keys.length) problems.add("two rows have the same labels; the first one counts");
  const families = values.map((mapping): Family => ({
    name: `${name}_${mapping.column}`,
    type: mapping.usage === "COUNTER" ? "counter" : "gauge",
    help: mapping.description || `${mapping.column} of the query ${name}`,
    samples: kept.flatMap((row, i) => {
      const given = row[mapping.column];
      if (keys.indexOf(keys[i]!) !== i || given === null || given === undefined) return [];
      const value = valueOf(mapping, given);
      if (value === null) problems.add(`a value of ${mapping.column} is not a number`);
      return value === null ? [] : [{ labels: labels[i]!, value }];
    }),
  }));
  return { families, problems: [...problems] };
}

function labelsOf(columns: CustomQuery["columns"], row: Row): Record<string, string> {
  const named = columns.filter(({ usage }) => usage === "LABEL");
  return Object.fromEntries(named.map(({ column }) => [column, labelText(row[column])]));
}

function labelText(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = value instanceof Date ? value.toISOString() : String(value);
  return text.length <= most.label ? text : `${text.slice(0, most.label - 1)}…`;
}

/** As postgres_exporter does: a time is seconds since the epoch. */
function valueOf({ usage, metric_mapping }: Mapping, given: unknown): number | null {
  if (usage === "MAPPEDMETRIC") return metric_mapping?.[String(given)] ?? null;
  if (typeof given === "number") return given;
  if (typeof given === "boolean") return Number(given);
  if (given instanceof Date) return given.getTime() / 1000;
  if (typeof given !== "string" || given.trim() === "") return null;
  const value = Number(given); // int8 and numeric arrive as text
  return Number.isNaN(value) && given !== "NaN" ? null : value;
}
