// Queries of the operator: the published form is taken, what is wrong is named by its place, and what they return is bounded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { familiesText } from "../../../core/words/family.ts";
import { acceptedForm, customFamilies, type CustomQuery, most, parseQueries } from "./custom-queries.ts";
import { matchesRange, versionOf } from "./version-range.ts";

const published = `
pg_postmaster:
  query: "SELECT pg_postmaster_start_time as start_time_seconds from pg_postmaster_start_time()"
  master: true
  metrics:
    - start_time_seconds:
        usage: "GAUGE"
        description: "Time at which postmaster started"

shop_orders:
  query: |
    select status, count(*) as count, max(placed) as newest, state from public.orders group by 1, 4;
  cache_seconds: 60
  runonserver: ">=10.0.0"
  metrics:
    - status: {usage: LABEL, description: Its status}
    - count: {usage: COUNTER, description: Orders}
    - newest: {usage: GAUGE, description: "Newest, seconds since the epoch"}
    - state: {usage: MAPPEDMETRIC, description: State, metric_mapping: {open: 1, closed: 0}}
`;

function queriesOf(text: string): CustomQuery[] {
  const result = parseQueries(parse(text));
  assert.ok(result.ok, JSON.stringify(result));
  return result.queries;
}
function problemsOf(text: string): string[] {
  const result = parseQueries(parse(text));
  assert.ok(!result.ok, `accepted: ${text}`);
  return result.problems;
}
const orders = queriesOf(published)[1]!;
const shown = (rows: Record<string, unknown>[], query = orders) => {
  const { families, problems } = customFamilies(query, rows);
  return { lines: familiesText(families).split("\n").filter((l) => l !== "" && !l.startsWith("#")), problems };
};

test("the form that postgres_exporter publishes is taken", () => {
  const [start, of] = queriesOf(published);
  assert.deepEqual([start!.name, start!.cacheMs, start!.range], ["pg_postmaster", 0, null]);
  assert.deepEqual([of!.cacheMs, of!.range, of!.columns.map((c) => c.column)], [
    60_000,
    ">=10.0.0",
    ["status", "count", "newest", "state"],
  ]);
  assert.ok(!of!.sql.endsWith(";"));
  assert.deepEqual(queriesOf(""), []);
});

test("what is wrong is named by its place", () => {
  const metrics = "metrics: [{a: {usage: GAUGE}}]";
  const cases: [text: string, problem: RegExp][] = [
    ["- a", /is not a list of queries by their names/],
    [`a: {${metrics}}`, /^a\.query: is missing, or is not text$/],
    [`a: {query: " ", ${metrics}}`, /^a\.query: is empty$/],
    ["a: {query: select 1, metrics: []}", /^a\.metrics: names no column$/],
    ["a: {query: select 1, metrics: [{b: {usage: HISTOGRAM}}]}", /^a\.metrics\.0\.b\.usage: usage is not one of LABEL/],
    ["a: {query: select 1, metrics: [{b: {usage: GAUGE}, c: {usage: GAUGE}}]}", /^a\.metrics\.0: holds more than one/],
    ["a: {query: select 1, metrics: [{b: {usage: GAUGE}}, {b: {usage: LABEL}}]}", /^a\.metrics: b is there twice$/],
    ['a: {query: select 1, metrics: [{"b c": {usage: GAUGE}}]}', /^a\.metrics\.0\.b c: is not a name of letters/],
    ['a: {query: select 1, metrics: [{"__b": {usage: LABEL}}]}', /two _/],
    [`postdock_a: {query: select 1, ${metrics}}`, /^postdock_a: begins with postdock or process/],
    [`"a-b": {query: select 1, ${metrics}}`, /^a-b: is not a name of letters, digits and _$/],
    [`a: {query: select 1, ${metrics}, every: 5}`, /^a: .*every/],
    [`a: {query: select 1, ${metrics}, runonserver: "new"}`, /^a\.runonserver: is not a range/],
    [`a: {query: select 1, ${metrics}, cache_seconds: -1}`, /^a\.cache_seconds: /],
  ];
  for (const [text, problem] of cases) {
    assert.ok(problemsOf(text).some((p) => problem.test(p)), `${text}: ${problemsOf(text).join(" | ")}`);
  }
  const many = Array.from({ length: most.queries + 1 }, (_, i) => `q${i}: {query: select 1, ${metrics}}`).join("\n");
  assert.match(problemsOf(many)[0]!, /holds over 50 queries/);
  assert.match(acceptedForm, /usage is LABEL, GAUGE, COUNTER, MAPPEDMETRIC/);
});

test("rows become samples as postgres_exporter makes them; null is left out, a time is seconds, text is a number", () => {
  const rows = [
    { status: "open", count: "7", newest: new Date(5_000), state: "open" },
    { status: null, count: 2n, newest: null, state: null },
  ];
  const { lines, problems } = shown(rows.map((row) => ({ ...row, count: String(row.count) })));
  assert.deepEqual(lines, [
    'shop_orders_count{status="open"} 7',
    'shop_orders_count{status=""} 2',
    'shop_orders_newest{status="open"} 5',
    'shop_orders_state{status="open"} 1',
  ]);
  assert.deepEqual(problems, []);
  assert.match(
    familiesText(customFamilies(orders, rows).families),
    /^# HELP shop_orders_count Orders\n# TYPE .* counter$/m,
  );
});

test("what cannot be shown is named and left out: no number, no such column, the same labels twice", () => {
  const row = { status: "a", count: "1", newest: 1, state: "open" };
  assert.deepEqual(shown([{ ...row, count: "many", state: "lost" }]).problems, [
    "a value of count is not a number",
    "a value of state is not a number",
  ]);
  assert.deepEqual(shown([{ status: "a", count: "1", newest: 1 }]).problems, ["it returns no column state"]);
  const twice = shown([row, { ...row, count: "9" }]);
  assert.deepEqual(twice.problems, ["two rows have the same labels; the first one counts"]);
  assert.ok(twice.lines.includes('shop_orders_count{status="a"} 1'));
  assert.equal(twice.lines.length, 3);
});

test("the series of a query are bounded, and so is each label", () => {
  const rows = Array.from({ length: 500 }, (_, i) => ({ status: `s${i}`, count: "1", newest: 1, state: "open" }));
  const { lines, problems } = shown(rows);
  assert.equal(lines.length, 3 * 333);
  assert.deepEqual(problems, ["it returns more than 333 rows; the others are left out"]);
  const long = shown([{ status: "x".repeat(5_000), count: "1", newest: null, state: null }]).lines[0]!;
  assert.ok(long.length < 250, long);
});

test("a range of versions is read as postgres_exporter's", () => {
  assert.equal(versionOf(170002), 17.02);
  const cases: [range: string, version: number, matches: boolean | null][] = [
    [">=10.0.0", 17.02, true],
    [">=9.4 <17.0.0", 17.02, false],
    ["<10 || >=17.2.0", 17.02, true],
    ["!=17.2", 17.02, false],
    ["17.2", 17.02, true],
    [">17.2", 17.1, true],
    ["", 17, null],
    ["new", 17, null],
  ];
  for (const [range, version, matches] of cases) assert.equal(matchesRange(range, version), matches, range);
});
